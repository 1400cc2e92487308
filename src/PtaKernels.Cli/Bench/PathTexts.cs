using PtaKernels.Text;

namespace PtaKernels.Cli.Bench;

/// <summary>A document as path.* takes it: ids of both sides, and the strings that costs are between.</summary>
internal sealed record PathDocument(int[] Source, int[] Target, OfficialStrings Strings);

/// <summary>The samples end to end, as GPT-2's tokens and as a target's: documents of any length are cut from them, going round again where they are too short.</summary>
internal sealed class PathTexts
{
    private const string SourceName = "gpt2";

    private readonly OfficialStrings _strings;
    private readonly Side _source = new(), _target = new();
    private readonly int _samples, _bytes;

    private PathTexts(VocabularyPair vocabularies, IReadOnlyCollection<(TokenizedDocument Source, EncodedText Target)> samples)
    {
        _strings = vocabularies.Official;
        _samples = samples.Count;
        foreach ((TokenizedDocument source, EncodedText target) in samples)
        {
            _source.Add(source.Ids, source.Spans!, _bytes);
            _target.Add(target.Ids, target.Spans, _bytes);
            _bytes += source.Spans!.Concat(target.Spans).Max(static s => s.End);
        }
    }

    /// <summary>The samples of a target: spA's own ids; another target has to be byte-level, and its vocabulary's ranks encode the texts.</summary>
    /// <returns>Null outside the repository, or where the vocabularies lack the target.</returns>
    public static PathTexts? Of(BenchData data, string target) => data.Share($"texts of {target}", () =>
    {
        BenchDocument[] samples = BenchDocuments.SamplesWithSpans(data);
        if (samples.Length == 0)
            return null;
        if (target == samples[0].TargetName)
            return new PathTexts(samples[0].Vocabularies, [.. samples.Select(static s => (s.Pair.Source, new EncodedText(s.Pair.Target.Ids, s.Pair.Target.Spans!)))]);
        if (data.Golden.Vocabularies.FindPair(SourceName, target) is not { } pair)
            return null;
        var encoder = TextEncoder.Load(EncodeCases.RanksOf(data, target, pair.Target));
        return new PathTexts(pair, [.. samples.Select(s => (s.Pair.Source, Encoded(encoder, [.. s.Pair.Source.Ids.SelectMany(id => pair.Source.Bytes[id].ToArray())])))]);
    });

    /// <summary>Documents of so many GPT-2 tokens and the target's tokens that end in their text.</summary>
    public PathDocument[] Cut(int tokens)
    {
        int all = _source.Count * RoundsOf(tokens);
        var documents = new List<PathDocument>();
        for (int s = 0, t = 0; s + tokens <= all; s += tokens)
        {
            int first = t, end = _source.EndOf(s + tokens - 1, _bytes);
            while (_target.EndOf(t, _bytes) <= end)
                t++;
            documents.Add(new PathDocument(_source.Ids(s, tokens), _target.Ids(first, t - first), _strings));
        }

        return [.. documents];
    }

    /// <summary>What <see cref="Cut"/> gave, for a case's note.</summary>
    public string Describe(PathDocument[] documents)
    {
        int tokens = documents[0].Source.Length, least = documents.Min(static d => d.Target.Length), most = documents.Max(static d => d.Target.Length), rounds = RoundsOf(tokens);
        return $"{documents.Length} document{(documents.Length > 1 ? "s" : "")} of {tokens} x {least}{(most > least ? $"..{most}" : "")} tokens, cut from {_samples} samples end to end"
            + (rounds > 1 ? $", which are {_source.Count} tokens and therefore come {rounds} times" : "");
    }

    private int RoundsOf(int tokens) => (tokens + _source.Count - 1) / _source.Count;

    /// <summary>A text's ids and its end of sequence, as samples have it.</summary>
    private static EncodedText Encoded(TextEncoder encoder, byte[] text)
    {
        EncodedText encoded = encoder.Encode(text);
        return new EncodedText([.. encoded.Ids, encoder.Eos!.Value], [.. encoded.Spans, (text.Length, text.Length)]);
    }

    /// <summary>Tokens of the samples, and where each ends in their bytes; positions beyond the last begin again.</summary>
    private sealed class Side
    {
        private readonly List<int> _ids = [], _ends = [];

        public int Count => _ids.Count;

        public void Add(int[] ids, (int Start, int End)[] spans, int start)
        {
            _ids.AddRange(ids);
            _ends.AddRange(spans.Select(s => start + s.End));
        }

        public int EndOf(int position, int bytes) => (position / Count * bytes) + _ends[position % Count];

        public int[] Ids(int first, int count) => [.. Enumerable.Range(first, count).Select(p => _ids[p % Count])];
    }
}
