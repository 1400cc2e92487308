namespace PtaKernels.Training;

/// <summary>Student's t distribution with a whole number of degrees of freedom, in closed form (Abramowitz and Stegun 26.7.3 and 26.7.4).</summary>
internal static class StudentT
{
    /// <summary>Probability that |t| is at least this large where nothing but chance is at work; right to about 1e-15 of 1, so that less is not told from 0.</summary>
    /// <param name="t">The statistic; infinite gives 0, NaN gives NaN.</param>
    /// <param name="degreesOfFreedom">At least 1.</param>
    public static double TwoSidedP(double t, int degreesOfFreedom)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(degreesOfFreedom, 1);
        if (double.IsNaN(t))
            return double.NaN;
        double angle = Math.Atan(Math.Abs(t) / Math.Sqrt(degreesOfFreedom)), sine = Math.Sin(angle), cosine = Math.Cos(angle);
        bool odd = degreesOfFreedom % 2 == 1;
        double term = odd ? cosine : 1, sum = degreesOfFreedom == 1 ? 0 : term;
        for (int k = odd ? 2 : 1; k <= degreesOfFreedom - 3; k += 2)
        {
            term *= k / (k + 1.0) * cosine * cosine;
            sum += term;
        }

        return Math.Clamp(1 - (odd ? 2 / Math.PI * (angle + (sine * sum)) : sine * sum), 0, 1);
    }

    /// <summary>The t that is passed, on either side, with this probability.</summary>
    /// <param name="p">Above 0, at most 1.</param>
    /// <param name="degreesOfFreedom">At least 1.</param>
    public static double Critical(double p, int degreesOfFreedom)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(p);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(p, 1);
        double low = 0, high = 1;
        while (TwoSidedP(high, degreesOfFreedom) > p)
            high *= 2;
        for (double middle = high / 2; middle > low && middle < high; middle = low + ((high - low) / 2))
            (low, high) = TwoSidedP(middle, degreesOfFreedom) > p ? (middle, high) : (low, middle);
        return high;
    }
}
