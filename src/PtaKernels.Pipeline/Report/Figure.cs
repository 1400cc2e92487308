using System.Globalization;

namespace PtaKernels.Pipeline;

/// <summary>A cell of a table: text, or a number with its place in the report's JSON.</summary>
/// <param name="Text">What is read.</param>
/// <param name="Path">Where the number stands, as <c>coverage.sources[0].rows</c>; null for text.</param>
/// <param name="Value">The number, exactly.</param>
internal readonly record struct Figure(string Text, string? Path = null, double Value = 0)
{
    /// <summary>What stands where there is no number.</summary>
    public const string Nothing = "–";

    /// <summary>Text, or an empty cell.</summary>
    public static Figure Of(string text) => new(text);

    /// <summary>A count.</summary>
    public static Figure Count(string path, long value) => new(value.ToString("N0", CultureInfo.InvariantCulture), path, value);

    /// <summary>A share 0..1, in percent.</summary>
    public static Figure Share(string path, double? value, int digits = 1) => Finite(path, value, v => (100 * v).ToString($"F{digits}", CultureInfo.InvariantCulture) + " %");

    /// <summary>A number with so many digits after the point; what would show as zero, with its exponent.</summary>
    public static Figure Number(string path, double? value, int digits) =>
        Finite(path, value, v => v != 0 && Math.Abs(v) < 0.5 * Math.Pow(10, -digits) ? v.ToString("0.0e0", CultureInfo.InvariantCulture) : ChartAxis.Fixed(v, digits));

    /// <summary>A difference, with its sign.</summary>
    public static Figure Signed(string path, double? value, int digits) => Finite(path, value, v => ChartAxis.Signed(v, digits));

    private static Figure Finite(string path, double? value, Func<double, string> text) => value is { } v && double.IsFinite(v) ? new(text(v), path, v) : new(Nothing);
}
