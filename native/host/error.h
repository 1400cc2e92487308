// Errors inside the library. They never leave it: c_api.cpp turns each into a status and the thread's last error text.
#pragma once
#include <cstdint>
#include <stdexcept>
#include <string>

namespace pta {

struct Error : std::runtime_error {
    Error(int32_t status, const std::string& text) : std::runtime_error(text), status(status) {}
    int32_t status; // PTA_ERROR_*
};

[[noreturn]] void throw_argument(const char* format, ...) __attribute__((format(printf, 1, 2)));
[[noreturn]] void throw_error(int32_t status, const char* format, ...) __attribute__((format(printf, 2, 3)));

} // namespace pta
