using System.Globalization;

namespace PtaKernels.Pipeline;

/// <summary>A linear axis whose marks are round numbers.</summary>
internal sealed class ChartAxis
{
    private const string Minus = "−";

    private readonly double _step;

    /// <summary>An axis over low..high, widened to whole marks where asked for.</summary>
    /// <param name="low">Least value.</param>
    /// <param name="high">Largest; equal to the least where there is one value.</param>
    /// <param name="from">Where the least lies.</param>
    /// <param name="to">Where the largest lies.</param>
    /// <param name="marks">About how many.</param>
    /// <param name="widen">Whether both ends are marks.</param>
    public ChartAxis(double low, double high, double from, double to, int marks, bool widen)
    {
        if (high - low <= 1e-9 * Math.Max(1, Math.Abs(high)))
            (low, high) = (low - 0.5, high + 0.5);
        double rough = (high - low) / marks, power = Math.Pow(10, Math.Floor(Math.Log10(rough)));
        _step = power * ((rough / power) switch { <= 1 => 1, <= 2 => 2, <= 5 => 5, _ => 10 });
        Low = widen ? Math.Floor((low / _step) + 1e-9) * _step : low;
        High = widen ? Math.Ceiling((high / _step) - 1e-9) * _step : high;
        From = from;
        To = to;
    }

    public double Low { get; }

    public double High { get; }

    public double From { get; }

    public double To { get; }

    public IEnumerable<double> Marks
    {
        get
        {
            for (long mark = (long)Math.Ceiling((Low / _step) - 1e-9); mark * _step <= High + (1e-9 * _step); mark++)
                yield return mark * _step;
        }
    }

    /// <summary>Where a value lies; what is outside lies at the nearer end.</summary>
    public double Place(double value) => From + ((Math.Clamp(value, Low, High) - Low) / (High - Low) * (To - From));

    /// <summary>A mark's text: as many digits as the step has.</summary>
    public string Text(double mark) => Fixed(mark, Math.Max(0, -(int)Math.Floor(Math.Log10(_step) + 1e-9)));

    /// <summary>A mark's text with k and M.</summary>
    public string Count(double mark) =>
        High >= 2e6 ? Short(mark / 1e6, "M") : High >= 2e3 ? Short(mark / 1e3, "k") : mark.ToString("0.###", CultureInfo.InvariantCulture);

    /// <summary>A number with so many digits and a true minus sign; none before a zero.</summary>
    public static string Fixed(double value, int digits)
    {
        string text = Math.Abs(value).ToString($"F{digits}", CultureInfo.InvariantCulture);
        return value < 0 && text.AsSpan().ContainsAnyInRange('1', '9') ? Minus + text : text;
    }

    /// <summary>The same with a plus where it is above zero.</summary>
    public static string Signed(double value, int digits)
    {
        string text = Fixed(value, digits);
        return value > 0 && text.AsSpan().ContainsAnyInRange('1', '9') ? "+" + text : text;
    }

    private static string Short(double value, string unit) => value == 0 ? "0" : value.ToString("0.###", CultureInfo.InvariantCulture) + unit;
}
