#include "apps/cli/process.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstring>
#include <filesystem>
#include <ranges>

#include "base/file.h"

namespace beeline::cli {

Result<std::string> find_program(const std::string& name, const std::vector<std::string>& folders) {
    for (const auto& folder : folders) {
        auto path = (std::filesystem::path(folder) / name).string();
        std::error_code ec;
        if (std::filesystem::is_regular_file(path, ec) && ::access(path.c_str(), X_OK) == 0) return path;
    }
    return fail(Errc::not_found, name + " was found neither beside beeline nor in PATH");
}

std::vector<std::string> program_folders(const std::string& path_variable) {
    std::vector<std::string> folders;
    std::error_code ec;
    if (const auto self = std::filesystem::read_symlink("/proc/self/exe", ec); !ec)
        folders.push_back(self.parent_path().string());
    for (const auto part : std::views::split(path_variable, ':'))
        if (!part.empty()) folders.emplace_back(part.begin(), part.end());
    return folders;
}

Result<std::string> output_of(const std::string& program, const std::vector<std::string>& args) {
    int ends[2];
    if (::pipe2(static_cast<int*>(ends), O_CLOEXEC) != 0) return fail(Errc::io, "pipe failed", errno);
    const Fd reader(ends[0]);
    Fd writer(ends[1]);
    std::vector<std::string> words{program};
    words.insert(words.end(), args.begin(), args.end());
    std::vector<char*> argv;
    argv.reserve(words.size() + 1);
    for (auto& word : words)
        argv.push_back(word.data());
    argv.push_back(nullptr);
    posix_spawn_file_actions_t actions;
    ::posix_spawn_file_actions_init(&actions);
    ::posix_spawn_file_actions_adddup2(&actions, writer.get(), STDOUT_FILENO);
    pid_t pid = 0;
    const int failed = ::posix_spawn(&pid, program.c_str(), &actions, nullptr, argv.data(), environ);
    ::posix_spawn_file_actions_destroy(&actions);
    if (failed != 0) return fail(Errc::io, fmt::format("cannot run {}: {}", program, std::strerror(failed)), failed);
    writer = Fd();
    std::string out;
    char buffer[4096];
    for (ssize_t n = ::read(reader.get(), static_cast<char*>(buffer), sizeof(buffer)); n > 0;
         n = ::read(reader.get(), static_cast<char*>(buffer), sizeof(buffer)))
        out.append(static_cast<const char*>(buffer), static_cast<std::size_t>(n));
    ::waitpid(pid, nullptr, 0);
    return out;
}

}  // namespace beeline::cli
