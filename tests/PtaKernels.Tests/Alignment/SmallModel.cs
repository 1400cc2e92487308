using System.Text.Json;
using PtaKernels.Text;

namespace PtaKernels.Tests.Alignment;

/// <summary>A tokenizer of a dozen short tokens over the letters a to d and the space, which draws its own segmentations and candidates.</summary>
internal sealed class SmallModel
{
    public const int Bos = 0, Eos = 1, FirstText = 2, K = 4;

    public static readonly SmallModel Target = new("taker", "ab", "cd", "▁a", "bc", "dda");

    public static readonly SmallModel[] Sources =
    [
        new("giver-a", "abc", "▁b", "da", "cc"),
        new("giver-b", "ba", "abcd", "d▁", "bb", "ac"),
        new("giver-c", "▁a", "cd", "aa"),
    ];

    private readonly string?[] _tokens;

    private SmallModel(string name, params string[] longer)
    {
        Name = name;
        _tokens = ["<s>", "</s>", "a", "b", "c", "d", "▁", .. longer, null];
        byte[][] texts = [.. _tokens.Select((t, id) => t is null || id < FirstText ? [] : TokenText.FromSentencePiece(t))];
        var roles = new TokenRoles[_tokens.Length];
        roles[Bos] = TokenRoles.Special | TokenRoles.Bos;
        roles[Eos] = TokenRoles.Special | TokenRoles.Eos;
        Vocabulary = new TokenVocabulary(name, "▁", false, false, [.. _tokens], texts, roles);
    }

    public string Name { get; }

    public TokenVocabulary Vocabulary { get; }

    /// <summary>The last id, which has no token.</summary>
    public int Hole => _tokens.Length - 1;

    /// <summary>The vocabulary file of the same tokens.</summary>
    public string VocabularyJson => JsonSerializer.Serialize(
        new Dictionary<string, object> { ["name"] = Name, ["class"] = "LlamaTokenizer", ["special"] = "▁", ["eos_id"] = Eos, ["dummy_prefix"] = false, ["tokens"] = _tokens });

    public VocabularyPair To(SmallModel target) => new(Vocabulary, target.Vocabulary) { TargetEncoder = new LongestToken(target.Vocabulary) };

    public static string RandomText(Random random, int length) => string.Concat(Enumerable.Range(0, length).Select(_ => "aabbccdd "[random.Next(9)]));

    /// <summary>A document with every optional value of it but byte offsets.</summary>
    public DraftDocument Draw(Random random, string id, string text, int k = K)
    {
        int[] ids = Segment(random, text);
        var draft = new DraftDocument
        {
            Id = id,
            Ids = ids,
            Candidates = [.. ids.Select(_ => Candidates(random, k))],
            Logits = [.. ids.Select(_ => Logits(random, k))],
            LabelCrossEntropy = [.. ids[1..].Select(_ => 4 * random.NextDouble())],
        };
        draft.LogSumExp = [.. draft.Logits.Select(row => Math.Log(row.Sum(Math.Exp)) + 0.02 + (0.3 * random.NextDouble()))];
        draft.MeanCrossEntropy = draft.LabelCrossEntropy.Length == 0 ? 0 : draft.LabelCrossEntropy.Average();
        return draft;
    }

    /// <summary>Any way to cut a text into tokens, an end of sequence at the end.</summary>
    private int[] Segment(Random random, string text)
    {
        var ids = new List<int>();
        for (string rest = text.Replace(' ', '▁'); rest.Length > 0; rest = rest[_tokens[ids[^1]]!.Length..])
        {
            int[] fitting = [.. Enumerable.Range(FirstText, Hole - FirstText).Where(t => rest.StartsWith(_tokens[t]!, StringComparison.Ordinal))];
            ids.Add(fitting[random.Next(fitting.Length)]);
        }

        return [.. ids, Eos];
    }

    private int[] Candidates(Random random, int k)
    {
        int[] ordinary = [.. Enumerable.Range(Eos, Hole - Eos)];
        random.Shuffle(ordinary);
        return ordinary[..k];
    }

    private static double[] Logits(Random random, int k) => [.. Enumerable.Range(0, k).Select(_ => 6 * random.NextDouble()).OrderDescending()];
}
