using System.Globalization;

namespace PtaKernels.Pipeline.Planning;

/// <summary>Large numbers as people write them: 20M, 1.5T, 400e12.</summary>
internal static class TokenAmount
{
    private static readonly (char Suffix, double Factor)[] Suffixes = [('k', 1e3), ('M', 1e6), ('G', 1e9), ('B', 1e9), ('T', 1e12), ('P', 1e15)];

    /// <summary>Reads a number over 0; suffixes k, M, G (or B), T and P in either case stand for powers of a thousand.</summary>
    /// <param name="text">The number.</param>
    /// <param name="option">What it was given for, for the message.</param>
    /// <exception cref="ArgumentException">It is none.</exception>
    public static double Parse(string text, string option)
    {
        string number = text.Trim();
        double factor = 1;
        foreach ((char suffix, double power) in Suffixes)
        {
            if (number.EndsWith(suffix.ToString(), StringComparison.OrdinalIgnoreCase))
                (number, factor) = (number[..^1], power);
        }

        return double.TryParse(number, NumberStyles.AllowDecimalPoint | NumberStyles.AllowExponent, CultureInfo.InvariantCulture, out double value) && value > 0 && double.IsFinite(value * factor)
            ? value * factor
            : throw new ArgumentException($"{option} '{text}' is no number over 0; write it as 20000000, 20M, 1G or 1.5T.");
    }

    /// <summary>Writes a number in three digits with the suffix that fits.</summary>
    public static string Format(double value)
    {
        (char suffix, double factor) = (' ', 1);
        foreach ((char letter, double power) in Suffixes)
        {
            if (letter != 'B' && value >= 0.9995 * power)
                (suffix, factor) = (letter, power);
        }

        return string.Create(CultureInfo.InvariantCulture, $"{value / factor:G3} {suffix}").TrimEnd();
    }
}
