// The compiled peers that `pta bench` is measured against: good plain C++ without intrinsics, and rapidfuzz-cpp and edlib where they can be had.
//
//     native_peers FOLDER
//
// FOLDER holds the work, one file of raw little-endian numbers per array. "ready COMPILER RAPIDFUZZ EDLIB" is said first, "-" for a library that is missing;
// lines on standard input are answered on standard output:
//
//     check CASE          "ok UNITS SUM", SUM a checksum of the answers that the caller knows too; or "wrong ..."
//     time CASE SECONDS   "UNITS SECONDS": passes over CASE for at least SECONDS, and the processor seconds they took
//
// CASE is edit (token pairs), map (queries), either with ":edlib" after it, path (table cells) or transport (problems), whose arrays may lie in a folder within
// FOLDER: path.512/path.

#include <iostream>
#include <unordered_map>

#include "peer.h"

namespace {

#ifdef PTA_RAPIDFUZZ
constexpr const char* Rapidfuzz = PTA_RAPIDFUZZ;
#else
constexpr const char* Rapidfuzz = "-";
#endif
#ifdef PTA_EDLIB
constexpr const char* Edlib = PTA_EDLIB;
#else
constexpr const char* Edlib = "-";
#endif

std::unique_ptr<Case> make(const std::string& name, const std::string& folder) {
    if (const size_t slash = name.rfind('/'); slash != std::string::npos) return make(name.substr(slash + 1), folder + '/' + name.substr(0, slash));
    if (name == "edit") return make_edit(folder);
    if (name == "map") return make_map(folder);
    if (name == "path") return make_path(folder);
    if (name == "transport") return make_transport(folder);
#ifdef PTA_EDLIB
    if (name == "edit:edlib") return make_edlib_edit(folder);
    if (name == "map:edlib") return make_edlib_map(folder);
#endif
    throw std::runtime_error("case " + name + " is unknown");
}

}  // namespace

int main(int argc, char** argv) {
    if (argc != 2) {
        std::fprintf(stderr, "usage: native_peers FOLDER\n");
        return 2;
    }
    std::cout << "ready " << __VERSION__ << ' ' << Rapidfuzz << ' ' << Edlib << std::endl;
    std::unordered_map<std::string, std::unique_ptr<Case>> cases;
    std::string verb, name;
    try {
        while (std::cin >> verb >> name) {
            std::unique_ptr<Case>& one = cases[name];
            if (!one) one = make(name, argv[1]);
            if (verb == "check") {
                std::cout << one->check() << std::endl;
                continue;
            }
            double seconds = 0;
            std::cin >> seconds;
            Lap lap = one->run(seconds);
            std::printf("%.0f %.9f\n", lap.units, lap.seconds);
            std::fflush(stdout);
        }
    } catch (const std::exception& error) {
        std::cout << "wrong " << error.what() << std::endl;
        return 1;
    }
    return 0;
}
