// exp(x) in float64 with the same bits on every machine and every backend, within 1 ulp; the C# twin is Steps/StableExp.cs.
#pragma once
#include <cstdint>

namespace pta {

// 0 far below, infinity far above, NaN for NaN.
double stable_exp(double x);

// The kernel of every u8 cost, kept by a workspace from call to call. Each table is asked for one of the two forms only.
class ExpTable {
public:
    const double* of_lambda(double lambda);   // exp(-lambda * c), c = 0..255
    const double* of_epsilon(double epsilon); // exp(-c / epsilon)

private:
    double key_ = __builtin_nan(""); // equal to nothing
    double values_[256];
};

// The official lambda: 1 / epsilon, or the whole number next to it. 1/30 is not a binary fraction.
double official_lambda(double epsilon);

} // namespace pta
