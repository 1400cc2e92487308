#include "host/error.h"

#include <cstdarg>
#include <cstdio>

#include "ptakernels.h"

namespace pta {

namespace {
std::string formatted(const char* format, va_list arguments) {
    char text[512];
    std::vsnprintf(text, sizeof text, format, arguments);
    return text;
}
} // namespace

void throw_argument(const char* format, ...) {
    va_list arguments;
    va_start(arguments, format);
    std::string text = formatted(format, arguments);
    va_end(arguments);
    throw Error(PTA_ERROR_ARGUMENT, text);
}

void throw_error(int32_t status, const char* format, ...) {
    va_list arguments;
    va_start(arguments, format);
    std::string text = formatted(format, arguments);
    va_end(arguments);
    throw Error(status, text);
}

} // namespace pta
