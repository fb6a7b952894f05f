// Which sockets are to end: what the socket hooks have written down (bl_origins4/6) against the members that are gone.
// Most members leave without that any socket is concerned, and then no namespace need be looked at.
#pragma once
#include <set>

#include "abi/socket_end.h"
#include "kernel/map_io.h"
#include "kernel/socket_ender.h"
#include "kernel/table.h"

namespace beeline::kernel {

struct OriginMaps {
    MapIo &origins4, &origins6;
    MapIo &members4, &members6;
};
// Sockets that were connected so once; some of them are closed by now, or connected to somebody else.
using Doomed = std::set<abi::DoomedSocket, ByteLess>;

Result<Doomed> find_doomed(const OriginMaps& maps, const Departed& departed);

}  // namespace beeline::kernel
