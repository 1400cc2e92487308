namespace PtaKernels.Steps;

/// <summary>exp(x) in float64 with the same bits on every machine and every backend, within 1 ulp.</summary>
/// <remarks>
/// Library functions differ in the last bit from version to version, which is enough to move an argmax between tied columns of a plan. This one is
/// table-driven (k = floor(16 x / ln2), exp(x) = 2^(k/16) · exp(r), r in [0, ln2/16), a degree-6 polynomial) and does the operations of NumPy's float64 exp
/// on AVX-512 machines in the same order, so that runs of the official code there are met to the last bit. Its fused multiply-adds are part of the method;
/// SPEC A4 keeps them out of the transport loop, not out of exp.
/// </remarks>
public static class StableExp
{
    // From here on the result is near the ends of the float64 range, where the scaling by 2^k is no longer exact.
    private const double PlainBeyond = 707.7032713517042;

    private const double SixteenOverLn2 = 16 * 1.4426950408889634;
    private const double Ln2 = 0.6931471805599453;
    private const double Ln2Rest = 2.3190468138462996e-17; // ln2 - Ln2

    // exp(r) - 1 = r + C2 r^2 + ... + C6 r^6 on [0, ln2/16).
    private const double C2 = 0.5000000000010838;
    private const double C3 = 0.16666666637508337;
    private const double C4 = 0.041666695348322125;
    private const double C5 = 0.008332058899382488;
    private const double C6 = 0.0014149452874381984;

    /// <summary>2^(j/16), correctly rounded.</summary>
    private static readonly double[] Powers =
    [
        1.0, 1.0442737824274138, 1.0905077326652577, 1.1387886347566916, 1.189207115002721, 1.241857812073484, 1.2968395546510096, 1.3542555469368927,
        1.4142135623730951, 1.4768261459394993, 1.5422108254079407, 1.6104903319492543, 1.681792830507429, 1.7562521603732995, 1.8340080864093424,
        1.9152065613971474,
    ];

    /// <summary>2^(j/16), j = 0..15: for a backend that holds the table elsewhere.</summary>
    public static double PowerOf(int j) => Powers[j];

    /// <summary>exp(x): 0 far below, infinity far above, NaN for NaN.</summary>
    public static double Exp(double x)
    {
        if (!(Math.Abs(x) < PlainBeyond))
            return Math.Exp(x);
        // The exact floor: the product is rounded, its error is not.
        double k = Math.Floor(x * SixteenOverLn2);
        double rest = Math.FusedMultiplyAdd(x, SixteenOverLn2, -k);
        k += rest < 0 ? -1 : rest >= 1 ? 1 : 0;
        double n = k / 16;
        double r = Math.FusedMultiplyAdd(-n, Ln2Rest, Math.FusedMultiplyAdd(-n, Ln2, x));
        double r2 = r * r;
        double high = Math.FusedMultiplyAdd(r, C6, C5), middle = Math.FusedMultiplyAdd(r, C4, C3), low = Math.FusedMultiplyAdd(r2, C2, r);
        double p = Math.FusedMultiplyAdd(Math.FusedMultiplyAdd(high, r2, middle), r2 * r, low);
        double power = Powers[(int)k & 15];
        return Math.ScaleB(Math.FusedMultiplyAdd(p, power, power), (int)Math.Floor(n));
    }
}
