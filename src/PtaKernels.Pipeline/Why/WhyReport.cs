using PtaKernels.Training;

namespace PtaKernels.Pipeline;

/// <summary>What <c>pta why</c> says of a student: which sources and rules helped or hurt it, on which text.</summary>
internal sealed record WhyReport
{
    /// <summary>The student.</summary>
    public required string Student { get; init; }

    /// <summary>The preset that its switches start from.</summary>
    public required string Preset { get; init; }

    /// <summary>The student that saw the same tokens without teachers, with which it is compared; null where there is none and it is compared with the target before.</summary>
    public required string? Control { get; init; }

    /// <summary>The text; null for the run's own, which the student was trained on.</summary>
    public required string? Documents { get; init; }

    /// <summary>Names of the student's teachers, in the order of the letters a, b, c, ... of <see cref="WhyPassageToken.Source"/>.</summary>
    public required IReadOnlyList<string> Sources { get; init; }

    /// <summary>All predicted tokens.</summary>
    public required WhyLine All { get; init; }

    /// <summary>The same tokens in several ways of grouping them; the lines of each table add up to <see cref="All"/>, but where a table says otherwise.</summary>
    public required IReadOnlyList<WhyTable> Tables { get; init; }

    /// <summary>Passages where the student is better by most bits, the best first; of each document one at most.</summary>
    public required IReadOnlyList<WhyPassage> Helped { get; init; }

    /// <summary>Passages where it is worse by most bits, the worst first.</summary>
    public required IReadOnlyList<WhyPassage> Hurt { get; init; }

    /// <summary>What a reader has to know.</summary>
    public required IReadOnlyList<string> Notes { get; init; }
}

/// <summary>One way of grouping tokens.</summary>
/// <param name="Name">What they are grouped by.</param>
/// <param name="Lines">The groups.</param>
internal sealed record WhyTable(string Name, IReadOnlyList<WhyLine> Lines);

/// <summary>The losses of a group of tokens; a token belongs to the row that predicts it.</summary>
internal sealed record WhyLine
{
    /// <summary>What its tokens have in common.</summary>
    public required string Name { get; init; }

    /// <summary>Documents with such tokens.</summary>
    public required int Documents { get; init; }

    /// <summary>Tokens.</summary>
    public required long Tokens { get; init; }

    /// <summary>UTF-8 bytes that they stand for.</summary>
    public required long Bytes { get; init; }

    /// <summary>Share of all bytes.</summary>
    public required double ByteShare { get; init; }

    /// <summary>The target before training.</summary>
    public required WhyLoss Before { get; init; }

    /// <summary>The student that was trained without teachers; null where there is none.</summary>
    public required WhyLoss? Control { get; init; }

    /// <summary>The student.</summary>
    public required WhyLoss After { get; init; }

    /// <summary>Student minus control (else target before) in bits per byte of the group, with a paired bootstrap over documents; null for groups without bytes or of a single document.</summary>
    public required BootstrapResult? Difference { get; init; }

    /// <summary>The same difference in bits, over the bytes of all groups: what the group adds to the whole difference.</summary>
    public required double Contribution { get; init; }

    /// <summary>Of the rows that a teacher reached; null where there is none.</summary>
    public required WhyRows? Rows { get; init; }
}

/// <summary>A model's loss on a group.</summary>
/// <param name="BitsPerToken">Mean over tokens.</param>
/// <param name="BitsPerByte">The same sum over bytes; null for a group without bytes.</param>
internal sealed record WhyLoss(double BitsPerToken, double? BitsPerByte);

/// <summary>Means over the fused rows of a group that a teacher reached.</summary>
/// <param name="Count">How many.</param>
/// <param name="GoldProbability">Fused probability of the next token.</param>
/// <param name="FusedTop1">Share whose most probable fused token is the next one.</param>
/// <param name="TargetTop1">Share where the target's own is.</param>
/// <param name="Kappa">Kept share of stripped prefixes; 1 for other rules.</param>
/// <param name="Missing">Missing mass.</param>
/// <param name="Signal">Teacher signal kept; null where none was measured.</param>
internal sealed record WhyRows(long Count, double GoldProbability, double FusedTop1, double TargetTop1, double Kappa, double Missing, double? Signal);

/// <summary>Some tokens of a document that follow one another.</summary>
/// <param name="Document">Its id.</param>
/// <param name="Domain">Its domain; empty where nothing was said.</param>
/// <param name="Position">Position of the first token in the document.</param>
/// <param name="Lead">The end of the text before.</param>
/// <param name="Text">Their text.</param>
/// <param name="Bits">Student minus control (else target before), summed.</param>
/// <param name="Tokens">The tokens.</param>
internal sealed record WhyPassage(string Document, string Domain, int Position, string Lead, string Text, double Bits, IReadOnlyList<WhyPassageToken> Tokens);

/// <summary>A token of a passage, and the row that predicts it.</summary>
/// <param name="Text">Its text with spaces and line ends made visible.</param>
/// <param name="Rule">Letter of the rule that filled the row.</param>
/// <param name="Source">Letter of the source, a for the first; empty for none.</param>
/// <param name="GoldProbability">What the fused row gives to the token; null for rows that no teacher reached.</param>
/// <param name="Before">Bits of the target before.</param>
/// <param name="Control">Bits of the control; null where there is none.</param>
/// <param name="After">Bits of the student.</param>
internal sealed record WhyPassageToken(string Text, string Rule, string Source, double? GoldProbability, double Before, double? Control, double After);
