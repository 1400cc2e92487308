using System.Text;
using PtaKernels.Rules;

namespace PtaKernels.Pipeline;

/// <summary>Adds documents up to a <see cref="PairingSection"/>: the published pairing, dynamic time warping over token texts, against byte offsets.</summary>
internal sealed class PairingComparison
{
    /// <summary>What a token is, the first that holds.</summary>
    private static readonly (string Name, Func<string, byte[], bool> Holds)[] Kinds =
    [
        ("multi-byte character", static (_, bytes) => bytes.Any(static b => b >= 0x80)),
        ("digits", static (text, _) => text.Any(char.IsAsciiDigit)),
        ("punctuation", static (text, _) => text.Trim() is { Length: > 0 } ink && !ink.Any(char.IsLetterOrDigit)),
        ("leading space", static (text, _) => text.StartsWith(' ')),
        ("other", static (_, _) => true),
    ];

    /// <summary>Examples per kind before a kind may have more.</summary>
    private const int ExamplesPerKind = 2, Examples = 10, Context = 4;

    private readonly long[] _tokens = new long[Kinds.Length], _differ = new long[Kinds.Length];
    private readonly List<PairingExample>[] _examples = [.. Kinds.Select(static _ => new List<PairingExample>())];
    private readonly HashSet<string> _shown = [];
    private int _documents, _otherTexts;

    /// <summary>Counts a document's target tokens that are text.</summary>
    public void Add(MethodDocument document)
    {
        if (document.Pairings[PairingRule.ByteOffsets] is not { } bytes)
        {
            _otherTexts++;
            return;
        }

        TokenPairing warped = document.Pairings[PairingRule.DtwTexts]!;
        _documents++;
        bool shown = !_shown.Add(document.Pair.Target.Id);
        for (int t = 0; t < document.Pair.Target.Length; t++)
        {
            byte[] text = document.Vocabularies.Target.Bytes[document.Pair.Target.Ids[t]].ToArray();
            if (text.Length == 0 || bytes.CountOf(t) == 0)
                continue; // special, or an inserted prefix: no bytes to be paired by
            int kind = KindOf(text);
            _tokens[kind]++;
            if (warped.FirstOf(t) == bytes.FirstOf(t) && warped.LastOf(t) == bytes.LastOf(t))
                continue;
            _differ[kind]++;
            // One of a document at most, by its first source, so that the examples come from several.
            if (shown || _examples[kind].Count >= Examples)
                continue;
            shown = true;
            _examples[kind].Add(new PairingExample(
                document.Pair.Target.Id, t, Kinds[kind].Name, Text(document.Vocabularies.Target, document.Pair.Target, Math.Max(0, t - Context), t - 1),
                Text(document.Vocabularies.Target, document.Pair.Target, t, t), Partners(document, warped, t), Partners(document, bytes, t)));
        }
    }

    /// <summary>What was found.</summary>
    public PairingSection ToSection()
    {
        PairingExample[] first = [.. _examples.SelectMany(static e => e.Take(ExamplesPerKind))];
        PairingExample[] examples = [.. first, .. _examples.SelectMany(static e => e.Skip(ExamplesPerKind)).Take(Math.Max(0, Examples - first.Length))];
        return new PairingSection(
            _documents, _otherTexts, _tokens.Sum(), _differ.Sum(), Share(_differ.Sum(), _tokens.Sum()), [.. Kinds.Select((kind, k) => new PairingKind(kind.Name, _tokens[k], _differ[k], Share(_differ[k], _tokens[k])))],
            [.. examples.Take(Examples).OrderBy(static e => Array.FindIndex(Kinds, k => k.Name == e.Kind))]);
    }

    private static double? Share(long part, long whole) => whole == 0 ? null : part / (double)whole;

    private static int KindOf(byte[] bytes)
    {
        string text = Encoding.UTF8.GetString(bytes);
        return Array.FindIndex(Kinds, k => k.Holds(text, bytes));
    }

    private static string Partners(MethodDocument document, TokenPairing pairing, int target) =>
        pairing.CountOf(target) == 0 ? "none" : Text(document.Vocabularies.Source, document.Pair.Source, pairing.FirstOf(target), pairing.LastOf(target));

    private static string Text(TokenVocabulary vocabulary, TokenizedDocument document, int first, int last) =>
        string.Join('|', Enumerable.Range(first, Math.Max(0, last - first + 1)).Select(t => VisibleText.Of(vocabulary, document.Ids[t])));
}

/// <summary>Dynamic time warping against byte offsets.</summary>
/// <param name="Documents">Documents compared, each once per source.</param>
/// <param name="OtherTexts">Documents whose two decoded texts differ, which have no common offsets.</param>
/// <param name="Tokens">Target tokens compared: those with bytes of their own.</param>
/// <param name="Differ">Tokens whose source partners differ.</param>
/// <param name="Share">Their share.</param>
/// <param name="Kinds">By what the token is.</param>
/// <param name="Examples">Examples, at most ten.</param>
internal sealed record PairingSection(int Documents, int OtherTexts, long Tokens, long Differ, double? Share, IReadOnlyList<PairingKind> Kinds, IReadOnlyList<PairingExample> Examples)
{
    /// <summary>The tables.</summary>
    public IEnumerable<ReportBlock> Blocks()
    {
        yield return new HeadingBlock("Pairing: time warping against byte offsets");
        yield return new TextBlock("Target tokens whose source partners are others under dynamic time warping over token texts (preset paper) than under byte offsets (preset fusion). Byte offsets are the truth where both texts are the same: a partner shares at least a byte. A token is counted under the first kind that holds.");
        yield return new FiguresBlock(
            ["target token", "tokens", "partners\ndiffer", "share"],
            [
                .. Kinds.Select((kind, k) => (Figure[])[Figure.Of(kind.Kind), Figure.Count($"pairing.kinds[{k}].tokens", kind.Tokens), Figure.Count($"pairing.kinds[{k}].differ", kind.Differ), Figure.Share($"pairing.kinds[{k}].share", kind.Share, 2)]),
                [Figure.Of("all"), Figure.Count("pairing.tokens", Tokens), Figure.Count("pairing.differ", Differ), Figure.Share("pairing.share", Share, 2)],
            ],
            [Kinds.Count]);
        if (OtherTexts > 0)
            yield return new TextBlock($"{OtherTexts} documents are left out, because the models' decoded texts differ.");
        if (Examples.Count == 0)
            yield break;
        yield return new TextBlock($"Examples; {VisibleText.Legend}.");
        yield return new FiguresBlock(
            ["kind", "document", "before", "target token", "time warping", "byte offsets"],
            [.. Examples.Select(static e => (Figure[])[Figure.Of(e.Kind), Figure.Of(e.Document), Figure.Of(e.Before), Figure.Of(e.Token), Figure.Of(e.Warped), Figure.Of(e.Bytes)])]);
    }
}

/// <summary>A kind of token.</summary>
internal sealed record PairingKind(string Kind, long Tokens, long Differ, double? Share);

/// <summary>A target token with other partners.</summary>
/// <param name="Document">Its document.</param>
/// <param name="Position">Its place there.</param>
/// <param name="Kind">What it is.</param>
/// <param name="Before">The target's tokens before it.</param>
/// <param name="Token">It.</param>
/// <param name="Warped">Its partners by time warping.</param>
/// <param name="Bytes">Its partners by byte offsets.</param>
internal sealed record PairingExample(string Document, int Position, string Kind, string Before, string Token, string Warped, string Bytes);
