// How the world reaches a Service: node ports aside (they stand with the ports), its external addresses, those of
// load balancers, and who may come by them.
#pragma once
#include "model/objects.h"
#include "source/file/field.h"

namespace beeline::source::file {

// Into `service`, whose type is read already.
void read_external(const Field& root, model::Service& service);

}  // namespace beeline::source::file
