using System.Text;

namespace PtaKernels.Cli.Verify.Random;

/// <summary>Random texts, each split at random byte boundaries by two tokenizers, with specials, dummy prefixes and candidates that often continue the text.</summary>
internal sealed class DrawnDocuments
{
    private static readonly string[] Letters = ["a", "b", "ab", " ", " a", "é", "\U0001F600"];

    private readonly System.Random _random;

    /// <param name="seed">Everything follows from it.</param>
    /// <param name="count">Number of texts.</param>
    /// <param name="repaired">The target's text differs from the source's by one byte.</param>
    /// <param name="views">Documents made of each text: specials, spans and candidates are drawn anew for each.</param>
    public DrawnDocuments(int seed, int count, bool repaired = false, int views = 1)
    {
        _random = new System.Random(seed);
        byte[][] texts = [.. Enumerable.Range(0, count).Select(_ => RandomText(repaired ? 40 : 1))];
        byte[][] targetTexts = [.. texts.Select(t => repaired ? WithOneChange(t) : t)];
        Source = new DrawnTokenizer(_random, RandomMarker(), texts);
        Target = new DrawnTokenizer(_random, RandomMarker(), targetTexts);
        Vocabularies = VocabularyPair.OfTokens(Source.Vocabulary, Target.Vocabulary);
        Views = [.. Enumerable.Range(0, count * views).Select(d =>
            (Source.View(d % count, !repaired && _random.Next(3) == 0), Target.View(d % count, !repaired && _random.Next(3) == 0)))];
        Pairs = [.. Views.Select(static (v, d) => new DocumentPair(v.Source.ToDocument(d), v.Target.ToDocument(d)))];
    }

    /// <summary>What splits the giving side.</summary>
    public DrawnTokenizer Source { get; }

    /// <summary>What splits the receiving side.</summary>
    public DrawnTokenizer Target { get; }

    /// <summary>Both vocabularies.</summary>
    public VocabularyPair Vocabularies { get; }

    /// <summary>The documents as they were split.</summary>
    public (DrawnView Source, DrawnView Target)[] Views { get; }

    /// <summary>The documents as backends take them.</summary>
    public DocumentPair[] Pairs { get; }

    private string RandomMarker() => _random.Next(2) == 0 ? "Ġ" : "▁";

    private byte[] RandomText(int shortest) =>
        Encoding.UTF8.GetBytes(string.Concat(Enumerable.Range(0, _random.Next(shortest, shortest + 20)).Select(_ => Letters[_random.Next(Letters.Length)])));

    private byte[] WithOneChange(byte[] text)
    {
        byte[] changed = [.. text];
        changed[_random.Next(text.Length - 8)] ^= 1;
        return changed;
    }
}

/// <summary>One model's view of a document, with the spans its splitting really had.</summary>
/// <param name="Ids">Tokens.</param>
/// <param name="Spans">Byte spans in <paramref name="Text"/>.</param>
/// <param name="Text">The text without any dummy prefix.</param>
/// <param name="SpansGiven">Whether the encoder's spans are part of the input.</param>
/// <param name="Candidates">Candidate ids by row.</param>
/// <param name="Logits">Their logits.</param>
/// <param name="LogSumExp">Log-sum-exp by row.</param>
internal sealed record DrawnView(int[] Ids, (int Start, int End)[] Spans, byte[] Text, bool SpansGiven, int[][] Candidates, double[][] Logits, double[] LogSumExp)
{
    /// <summary>What a backend sees of it.</summary>
    public TokenizedDocument ToDocument(int number) => new()
    {
        Id = $"doc-{number}",
        Ids = Ids,
        Candidates = new TopKLogits([.. Candidates.SelectMany(static c => c)], [.. Logits.SelectMany(static v => v)], Candidates[0].Length),
        LogSumExp = LogSumExp,
        Spans = SpansGiven ? Spans : null,
    };
}
