// One question of a readinessProbe, asked over the network from the node.
#pragma once
#include <boost/asio/io_context.hpp>
#include <chrono>
#include <functional>
#include <string>

#include "model/objects.h"

namespace beeline::agent {

struct Question {
    model::Probe probe;
    Addr pod;
    std::chrono::milliseconds patience;
};

// "tcp 10.244.1.5:8080", "http 10.244.1.5:8080/healthz"
std::string to_string(const Question& question);
// Why this probe is not asked; empty: it is.
std::string not_asked(const model::Probe& probe);

// Calls `done` once, on the loop and not from within this call, with what is wrong ("Connection refused"; empty:
// nothing). What is returned ends the question early; `done` is called all the same.
std::function<void()> ask(boost::asio::io_context& io, const Question& question,
                          std::function<void(std::string wrong)> done);

}  // namespace beeline::agent
