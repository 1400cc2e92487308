using System.Globalization;
using System.Text.RegularExpressions;

namespace PtaKernels.Ptx.Check;

/// <summary>One instruction of a disassembled kernel.</summary>
/// <param name="Address">Bytes from the start of its section.</param>
/// <param name="Guard">The predicate in front, for example <c>@!P0</c>; empty when it always runs.</param>
/// <param name="Opcode">With its modifiers, for example <c>LDG.E.64</c>.</param>
/// <param name="Operands">The rest of the line.</param>
internal sealed partial record SassInstruction(int Address, string Guard, string Opcode, string Operands)
{
    /// <summary>The opcode up to its first dot.</summary>
    public string Base => Opcode.IndexOf('.') is var dot and >= 0 ? Opcode[..dot] : Opcode;

    /// <summary>Whether control can go on behind it.</summary>
    public bool FallsThrough => !IsUnconditional || Base is not ("BRA" or "BRX" or "JMP" or "JMX" or "EXIT" or "RET" or "KILL");

    /// <summary>Labels where control may go on. Those of functions are among them, called and come back from; for sm_80, ptxas also leaves loops by calls of a label.</summary>
    public IReadOnlyList<string> Targets => (IsDivergenceFallback ? "" : Base) switch
    {
        "BRA" or "JMP" or "CALL" or "WARPSYNC" => [.. LabelPattern().Matches(Operands).Select(static m => m.Groups[1].Value)],
        "BRX" or "JMX" => TablePattern().Match(Operands).Groups[1].Value.Split(',', StringSplitOptions.RemoveEmptyEntries),
        _ => [],
    };

    /// <summary>The way out for lanes that lost each other, taken never where a whole warp runs.</summary>
    public bool IsDivergenceFallback => Opcode.StartsWith("BRA.DIV", StringComparison.Ordinal);

    /// <summary>Bits moved per thread by a load or store.</summary>
    public int Width => WidthPattern().Match(Opcode) is { Success: true } match ? int.Parse(match.Groups[1].ValueSpan, CultureInfo.InvariantCulture) : 32;

    // `BRA P1, label` has its condition among the operands; BRA.DIV always goes on for whole warps.
    private bool IsUnconditional => Guard.Length == 0 && !IsDivergenceFallback && !(Base == "BRA" && Operands.Contains(','));

    /// <summary>The instruction on a line of <c>nvdisasm -c</c>; null for every other line.</summary>
    public static SassInstruction? Parse(string line)
    {
        Match match = LinePattern().Match(line);
        if (!match.Success)
            return null;
        return new SassInstruction(
            int.Parse(match.Groups[1].ValueSpan, NumberStyles.HexNumber, CultureInfo.InvariantCulture), match.Groups[2].Value, match.Groups[3].Value, match.Groups[4].Value.Trim());
    }

    // /*01f0*/              @!P0 BRA `(.L_x_1) ;
    [GeneratedRegex(@"^\s*/\*([0-9a-f]{4,})\*/\s+(?:(@!?U?P\w+)\s+)?([A-Z][A-Z0-9_.]*)\s*([^;]*);")]
    private static partial Regex LinePattern();

    [GeneratedRegex(@"`\(([^)]+)\)")]
    private static partial Regex LabelPattern();

    // BRX R10 -0x150 (*"BRANCH_TARGETS .L_x_6,.L_x_7"*)
    [GeneratedRegex(@"BRANCH_TARGETS ([^""\s]+)")]
    private static partial Regex TablePattern();

    [GeneratedRegex(@"\.U?(16|64|128)(?:\.|$)")]
    private static partial Regex WidthPattern();
}
