namespace PtaKernels.Scaling;

/// <summary>How the cost of a call grows: seconds ~ x^value, by least squares of log seconds against log x.</summary>
/// <param name="Value">The exponent.</param>
/// <param name="Error">Its standard error; 0 for two points, through which a line goes exactly.</param>
/// <param name="Points">Points that it was fitted to.</param>
/// <param name="From">The smallest x among them.</param>
/// <param name="To">The largest.</param>
internal sealed record CostExponent(double Value, double Error, int Points, double From, double To)
{
    /// <summary>Fits the points from some x on.</summary>
    /// <returns>Null where fewer than two places are left.</returns>
    public static CostExponent? Fit(IEnumerable<(double X, double Seconds)> points, double from)
    {
        (double X, double Y)[] logs = [.. points.Where(p => p.X >= from && p.Seconds > 0).Select(static p => (Math.Log(p.X), Math.Log(p.Seconds)))];
        if (logs.Select(static p => p.X).Distinct().Count() < 2)
            return null;
        double meanX = logs.Average(static p => p.X), meanY = logs.Average(static p => p.Y);
        double spread = logs.Sum(p => (p.X - meanX) * (p.X - meanX)), slope = logs.Sum(p => (p.X - meanX) * (p.Y - meanY)) / spread;
        double residuals = logs.Sum(p => Math.Pow(p.Y - meanY - (slope * (p.X - meanX)), 2));
        double error = logs.Length > 2 ? Math.Sqrt(residuals / (logs.Length - 2) / spread) : 0;
        return new CostExponent(Math.Round(slope, 4), Math.Round(error, 4), logs.Length, Math.Exp(logs.Min(static p => p.X)), Math.Exp(logs.Max(static p => p.X)));
    }
}
