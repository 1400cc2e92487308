#include "host/transport/stable_exp.h"

#include "host/libm.h"

namespace pta {

namespace {

// From here on the result is near the ends of the float64 range, where the scaling by 2^k is no longer exact.
constexpr double kPlainBeyond = 707.7032713517042;
constexpr double kSixteenOverLn2 = 16 * 1.4426950408889634;
constexpr double kLn2 = 0.6931471805599453;
constexpr double kLn2Rest = 2.3190468138462996e-17; // ln2 - kLn2

// exp(r) - 1 = r + C2 r^2 + ... + C6 r^6 on [0, ln2/16).
constexpr double kC2 = 0.5000000000010838;
constexpr double kC3 = 0.16666666637508337;
constexpr double kC4 = 0.041666695348322125;
constexpr double kC5 = 0.008332058899382488;
constexpr double kC6 = 0.0014149452874381984;

// 2^(j/16), correctly rounded.
constexpr double kPowers[16] = {
    1.0,
    1.0442737824274138,
    1.0905077326652577,
    1.1387886347566916,
    1.189207115002721,
    1.241857812073484,
    1.2968395546510096,
    1.3542555469368927,
    1.4142135623730951,
    1.4768261459394993,
    1.5422108254079407,
    1.6104903319492543,
    1.681792830507429,
    1.7562521603732995,
    1.8340080864093424,
    1.9152065613971474,
};

} // namespace

// k = floor(16 x / ln2), exp(x) = 2^(k/16) * exp(r). The order of operations is NumPy's on AVX-512 machines; the fused ones belong to it.
double stable_exp(double x) {
    if (!(std::fabs(x) < kPlainBeyond))
        return std::exp(x);
    // The exact floor: the product is rounded, its error is not.
    double k = std::floor(x * kSixteenOverLn2);
    double rest = std::fma(x, kSixteenOverLn2, -k);
    k += rest < 0 ? -1 : rest >= 1 ? 1 : 0;
    double n = k / 16;
    double r = std::fma(-n, kLn2Rest, std::fma(-n, kLn2, x));
    double r2 = r * r;
    double high = std::fma(r, kC6, kC5);
    double middle = std::fma(r, kC4, kC3);
    double low = std::fma(r2, kC2, r);
    double p = std::fma(std::fma(high, r2, middle), r2 * r, low);
    double power = kPowers[static_cast<int32_t>(k) & 15];
    return std::ldexp(std::fma(p, power, power), static_cast<int>(std::floor(n)));
}

const double* ExpTable::of_lambda(double lambda) {
    if (key_ != lambda) {
        for (int c = 0; c < 256; c++)
            values_[c] = stable_exp(-lambda * c);
        key_ = lambda;
    }
    return values_;
}

const double* ExpTable::of_epsilon(double epsilon) {
    if (key_ != epsilon) {
        for (int c = 0; c < 256; c++)
            values_[c] = stable_exp(-c / epsilon);
        key_ = epsilon;
    }
    return values_;
}

double official_lambda(double epsilon) {
    double lambda = 1 / epsilon;
    double whole = std::nearbyint(lambda);
    return std::fabs(lambda - whole) < 1e-9 ? whole : lambda;
}

} // namespace pta
