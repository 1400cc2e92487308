using System.CommandLine;
using System.Globalization;
using static TorchSharp.torch;

namespace PtaKernels.Cli;

/// <summary>Options with a default that their help names.</summary>
internal static class ValueOption
{
    /// <summary>A number.</summary>
    public static Option<double> Number(string name, string description, double value) =>
        new(name) { Description = $"{description}; default {value.ToString(CultureInfo.InvariantCulture)}", HelpName = "x", DefaultValueFactory = _ => value };

    /// <summary>A whole number.</summary>
    public static Option<int> Count(string name, string description, int value) =>
        new(name) { Description = $"{description}; default {value}", HelpName = "N", DefaultValueFactory = _ => value };

    /// <summary>What <c>auto</c>, <c>on</c> or <c>off</c> says; null for auto.</summary>
    public static bool? Switched(string value) => value switch { "on" => true, "off" => false, _ => null };

    /// <summary>The type that a word names; the options take no other word.</summary>
    public static ScalarType TypeOf(string name) => name switch { "float32" => ScalarType.Float32, "float16" => ScalarType.Float16, _ => ScalarType.BFloat16 };

    /// <summary>One of some words, the first where none is given.</summary>
    public static Option<string> OneOf(string name, string description, params string[] values)
    {
        var option = new Option<string>(name) { Description = $"{description} [{string.Join(" | ", values)}]", HelpName = "value", DefaultValueFactory = _ => values[0] };
        option.AcceptOnlyFromAmong(values);
        return option;
    }
}
