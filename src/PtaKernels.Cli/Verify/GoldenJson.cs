using System.Globalization;
using System.Text.Json;
using PtaKernels.Corpus;

namespace PtaKernels.Cli.Verify;

/// <summary>Reading golden rows: gzip JSON lines in which NaN and infinities are written as strings.</summary>
internal static class GoldenJson
{
    /// <summary>The lines of a plain or gzip file, blank ones left out.</summary>
    /// <exception cref="AlignmentDataException">The file is damaged or cut off.</exception>
    public static IEnumerable<string> Lines(string path) => JsonLines.ReadLines(path).Select(static line => line.Text);

    public static double Number(JsonElement value) => value.ValueKind == JsonValueKind.String
        ? value.GetString() switch
        {
            "NaN" => double.NaN,
            "Infinity" => double.PositiveInfinity,
            "-Infinity" => double.NegativeInfinity,
            _ => double.Parse(value.GetString()!, CultureInfo.InvariantCulture),
        }
        : value.GetDouble();

    public static double[] Numbers(JsonElement array) => [.. array.EnumerateArray().Select(Number)];

    public static int[] Integers(JsonElement array) => [.. array.EnumerateArray().Select(static v => v.GetInt32())];

    public static string[] Strings(JsonElement array) => [.. array.EnumerateArray().Select(static v => v.GetString()!)];

    public static double[][] NumberRows(JsonElement array) => [.. array.EnumerateArray().Select(Numbers)];

    public static int[][] IntegerRows(JsonElement array) => [.. array.EnumerateArray().Select(Integers)];

    /// <summary>The largest absolute difference; infinite where NaN or infinity stand on one side only or the lengths differ.</summary>
    public static double Difference(ReadOnlySpan<double> actual, ReadOnlySpan<double> expected)
    {
        if (actual.Length != expected.Length)
            return double.PositiveInfinity;
        double largest = 0;
        for (int i = 0; i < actual.Length; i++)
        {
            if (actual[i].Equals(expected[i]))
                continue; // also NaN with NaN and infinity with itself
            double difference = Math.Abs(actual[i] - expected[i]);
            largest = Math.Max(largest, double.IsNaN(difference) ? double.PositiveInfinity : difference);
        }

        return largest;
    }
}
