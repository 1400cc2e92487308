using System.Globalization;

namespace PtaKernels.Pipeline;

/// <summary>A logarithmic axis: marks at 1, 2 and 5 of each decade, or at whole decades where those would be too many.</summary>
internal sealed class ChartLogAxis
{
    private static readonly string[] Units = ["", "k", "M", "G", "T", "P"];
    private static readonly string[] SmallUnits = ["", "m", "µ", "n", "p"];

    private readonly double _low, _high, _from, _to;

    /// <summary>An axis over low..high, both above zero, and a little beyond.</summary>
    /// <param name="low">Least value.</param>
    /// <param name="high">Largest; equal to the least where there is one value.</param>
    /// <param name="from">Where the lower end lies.</param>
    /// <param name="to">Where the upper end lies.</param>
    /// <param name="marks">At most how many marks.</param>
    /// <param name="widen">Whether both ends are whole marks.</param>
    public ChartLogAxis(double low, double high, double from, double to, int marks, bool widen)
    {
        (_from, _to) = (from, to);
        (_low, _high) = widen ? (Below(low), Above(high)) : (low / 1.12, high * 1.12);
        if (_high <= _low)
            (_low, _high) = (_low / 2, _high * 2);
        Marks = [.. MarksIn(marks)];
    }

    /// <summary>The marks, rising.</summary>
    public IReadOnlyList<double> Marks { get; }

    /// <summary>Where a value lies; what is outside lies at the nearer end.</summary>
    public double Place(double value) => _from + ((Math.Log(Math.Clamp(value, _low, _high)) - Math.Log(_low)) / (Math.Log(_high) - Math.Log(_low)) * (_to - _from));

    /// <summary>A number with k, M, G or T: three digits at most.</summary>
    public static string Text(double value)
    {
        int thousands = value == 0 ? 0 : Math.Clamp((int)Math.Floor((Math.Log10(Math.Abs(value)) + 1e-9) / 3), 1 - SmallUnits.Length, Units.Length - 1);
        double scaled = value / Math.Pow(1000, thousands);
        return scaled.ToString("0.##", CultureInfo.InvariantCulture) + (thousands >= 0 ? Units[thousands] : SmallUnits[-thousands]);
    }

    private static double Below(double value)
    {
        double decade = Math.Pow(10, Math.Floor(Math.Log10(value) + 1e-9));
        return decade * ((value / decade) switch { < 2 - 1e-9 => 1, < 5 - 1e-9 => 2, _ => 5 });
    }

    private static double Above(double value)
    {
        double decade = Math.Pow(10, Math.Floor(Math.Log10(value) + 1e-9));
        return decade * ((value / decade) switch { <= 1 + 1e-9 => 1, <= 2 + 1e-9 => 2, <= 5 + 1e-9 => 5, _ => 10 });
    }

    private IEnumerable<double> MarksIn(int most)
    {
        int first = (int)Math.Floor(Math.Log10(_low) - 1e-9), last = (int)Math.Ceiling(Math.Log10(_high) + 1e-9);
        double[][] finest = [[1, 2, 5], [1, 3], [1]];
        foreach (double[] within in finest)
        {
            double[] all = [.. from decade in Enumerable.Range(first, last - first + 1) from digit in within select digit * Math.Pow(10, decade)];
            double[] inside = [.. all.Where(m => m >= _low * (1 - 1e-9) && m <= _high * (1 + 1e-9))];
            if (inside.Length <= most)
                return inside;
        }

        int step = Math.Max(2, (last - first + most - 1) / most);
        return Enumerable.Range(0, ((last - first) / step) + 1).Select(k => Math.Pow(10, first + (k * step))).Where(m => m >= _low * (1 - 1e-9) && m <= _high * (1 + 1e-9));
    }
}
