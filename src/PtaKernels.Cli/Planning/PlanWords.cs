using System.Globalization;
using PtaKernels.Pipeline.Planning;

namespace PtaKernels.Cli.Planning;

/// <summary>Amounts of a plan as people read them: three digits, and the ends of the interval in the unit of the value.</summary>
internal static class PlanWords
{
    private const double MinutesOfHour = 60, SecondsOfHour = 3600, HoursOfDay = 24, LongestHours = 1000;

    /// <summary>Bytes, in powers of a thousand.</summary>
    public static string Bytes(Estimate? bytes) => In(bytes, [("PB", 1e15), ("TB", 1e12), ("GB", 1e9), ("MB", 1e6), ("kB", 1e3), ("B", 1)]);

    /// <summary>Hours of processors or devices.</summary>
    public static string Hours(Estimate? hours) => In(hours, [("kh", 1e3), ("h", 1), ("min", 1 / MinutesOfHour), ("s", 1 / SecondsOfHour)]);

    /// <summary>Hours by the clock.</summary>
    public static string Clock(Estimate? hours) => In(hours, [("y", 365 * HoursOfDay), ("d", 2 * HoursOfDay), ("h", 1), ("min", 1 / MinutesOfHour), ("s", 1 / SecondsOfHour)]);

    /// <summary>Tokens.</summary>
    public static string Tokens(Estimate tokens) => In(tokens, [("T", 1e12), ("G", 1e9), ("M", 1e6), ("k", 1e3), ("", 1)]);

    /// <summary>A share as per cent.</summary>
    public static string Share(Estimate share) => string.Create(CultureInfo.InvariantCulture, $"{100 * share.Value:F1} % ({100 * share.Low:F1}..{100 * share.High:F1})");

    /// <summary>A number.</summary>
    public static string Number(Estimate number) => number.Value >= 1000 ? In(number, [("T", 1e12), ("G", 1e9), ("M", 1e6), ("k", 1e3)]) : In(number, [("", 1)]);

    private static string In(Estimate? amount, (string Name, double Size)[] units)
    {
        if (amount is not { } a)
            return "";
        (string name, double size) = units.FirstOrDefault(u => a.Value >= u.Size, units[^1]);
        if (name == "d")
            size = HoursOfDay;
        string value = Digits(a.Value / size), unit = name.Length == 0 ? "" : " " + name;
        (string low, string high) = (Digits(a.Low / size), Digits(a.High / size));
        return low == value && high == value ? value + unit : $"{value}{unit} ({low}..{high})";
    }

    private static string Digits(double x) => x == 0 ? "0" : Math.Abs(x) >= LongestHours
        ? x.ToString("N0", CultureInfo.InvariantCulture)
        : x.ToString(Math.Abs(x) >= 100 ? "F0" : Math.Abs(x) >= 10 ? "F1" : Math.Abs(x) >= 1 ? "F2" : "G2", CultureInfo.InvariantCulture);
}
