// Values as people read them in `beeline dump` and `diff`.
#pragma once
#include <string>
#include <vector>

#include "abi/flow.h"
#include "plan/plan.h"

namespace beeline::kernel {

std::string text_of(const plan::FrontendKey& key);                // "10.96.0.1:80/TCP", "[fd96::1]:80/TCP"
std::string text_of(const plan::Backend& backend);                // "10.0.0.1:8080"
std::string text_of(const std::vector<plan::Backend>& backends);  // "10.0.0.1:8080 10.0.0.2:8080", "none"
std::string text_of(const plan::PolicyEntry& entry);              // "ingress from 301 TCP/80 allow rule 12"
std::string text_of(const plan::PolicySet& set);                  // "isolated ingress; …", "open"
std::string text_of(const Addr& addr, Port port);                 // "10.0.0.1:80", "[fd00::1]:80"
std::string text_of(const abi::NexthopKey& key);                  // "ifindex 2 IPv4 via 192.0.2.254"
// Of traffic of this family, as the device and its neighbours make it: "mtu 1500 source 192.0.2.1".
std::string network_text_of(const abi::Hop& hop, unsigned family);

}  // namespace beeline::kernel
