// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Who has an address that is no local container's: this node, another one, a container there.
#pragma once
#include "bpf/lib/maps.h"
#include "bpf/lib/rows.h"

BEELINE_ROW(find_identity, bl_identities4, Addr4, IdentityRow)
BEELINE_ROW(find_identity, bl_identities6, Addr6, IdentityRow)
BEELINE_ROW(find_endpoint, bl_endpoints4, Addr4, Endpoint)
BEELINE_ROW(find_endpoint, bl_endpoints6, Addr6, Endpoint)
