using System.Globalization;
using System.Text.RegularExpressions;

namespace PtaKernels.Ptx.Check;

/// <summary>What the gate reads in a PTX text itself, before ptxas sees it.</summary>
internal sealed partial class PtxText
{
    private PtxText(string target, string? entry, int? maxThreads, IReadOnlyList<string> unresolved, int fused, int contractable)
    {
        Target = target;
        Entry = entry;
        MaxThreads = maxThreads;
        Unresolved = unresolved;
        FusedFloat64 = fused;
        ContractableFloat64 = contractable;
    }

    /// <summary>The first operand of <c>.target</c>, for example <c>sm_80</c>; empty when there is none.</summary>
    public string Target { get; }

    /// <summary>The name of the first <c>.entry</c>.</summary>
    public string? Entry { get; }

    /// <summary>The product of <c>.maxntid</c>.</summary>
    public int? MaxThreads { get; }

    /// <summary>Functions declared <c>.extern</c>, which nothing will ever link.</summary>
    public IReadOnlyList<string> Unresolved { get; }

    /// <summary>Float64 multiply-adds that the PTX asks for.</summary>
    public int FusedFloat64 { get; }

    /// <summary>Float64 additions, subtractions and multiplications without a rounding mode: PTX lets any assembler contract these.</summary>
    public int ContractableFloat64 { get; }

    public static PtxText Parse(string text)
    {
        text = Comment().Replace(text, " ");
        Match limits = MaxThreadsPattern().Match(text);
        int? threads = limits.Success
            ? limits.Groups[1].Value.Split(',').Aggregate(1, static (product, n) => product * int.Parse(n, NumberStyles.AllowLeadingWhite | NumberStyles.AllowTrailingWhite, CultureInfo.InvariantCulture))
            : null;
        Match entry = EntryPattern().Match(text);
        return new PtxText(
            TargetPattern().Match(text).Groups[1].Value,
            entry.Success ? entry.Groups[1].Value : null,
            threads,
            [.. ExternPattern().Matches(text).Select(static m => m.Groups[1].Value).Distinct(StringComparer.Ordinal)],
            FusedPattern().Count(text),
            ContractablePattern().Count(text));
    }

    [GeneratedRegex(@"//[^\n]*|/\*.*?\*/", RegexOptions.Singleline)]
    private static partial Regex Comment();

    [GeneratedRegex(@"\.target\s+([\w.]+)")]
    private static partial Regex TargetPattern();

    [GeneratedRegex(@"\.entry\s+([\w$%]+)")]
    private static partial Regex EntryPattern();

    [GeneratedRegex(@"\.maxntid\s+(\d+(?:\s*,\s*\d+)*)")]
    private static partial Regex MaxThreadsPattern();

    // .extern .func (.param .f64 result) NAME (...)
    [GeneratedRegex(@"\.extern\s+\.func\s+(?:\([^)]*\)\s*)?([\w$%]+)")]
    private static partial Regex ExternPattern();

    [GeneratedRegex(@"\b(?:fma|mad)\.r[nzmp]\.f64\b")]
    private static partial Regex FusedPattern();

    [GeneratedRegex(@"\b(?:add|sub|mul)\.f64\b")]
    private static partial Regex ContractablePattern();
}
