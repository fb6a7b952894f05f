// readinessProbe of a container, as far as it asks over the network.
#pragma once
#include <span>
#include <vector>

#include "model/objects.h"
#include "source/file/field.h"

namespace beeline::source::file {

// Adds the container's probe to `probes`, if it is a tcpSocket or httpGet: exec and grpc are valid and ask nothing
// here. `ports` are the container's own, which the probe may name.
void read_probe(const Field& container, std::span<const model::ContainerPort> ports, std::vector<model::Probe>& probes);
// An init container that ends has no readiness.
void refuse_probe(const Field& container);

}  // namespace beeline::source::file
