using System.Text;
using PtaKernels.Text;

namespace PtaKernels.CorpusBench;

/// <summary>Reads this machine's texts, kinds side by side, until there are documents enough.</summary>
/// <param name="texts">The texts by kind.</param>
/// <param name="tokenizers">The target's first.</param>
/// <param name="seed">Order of the files and cuts.</param>
internal sealed class TextCollection(IReadOnlyDictionary<string, MachineText[]> texts, IReadOnlyList<TextEncoder> tokenizers, ulong seed)
{
    /// <summary>A machine whose texts give not even a fiftieth of what is asked for is not cut up over and over.</summary>
    private const int MostPasses = 50;

    private const int BatchTexts = 64;

    private readonly DocumentCutter _cutter = new(tokenizers);
    private readonly Dictionary<string, Kind> _kinds = [];

    /// <summary>How often the texts were read.</summary>
    public int Passes { get; private set; }

    /// <summary>Bytes of text, each paragraph once.</summary>
    public long DistinctBytes => _kinds.Values.Sum(static k => k.Bytes);

    /// <summary>What was read.</summary>
    public IReadOnlyList<KindFacts> Kinds => [.. _kinds.Values.Select(static k => new KindFacts(k.Name, k.What, k.Files, k.Bytes, k.UsedUp))];

    /// <summary>Documents with at least so many target tokens, in random order.</summary>
    /// <exception cref="AlignmentDataException">There is far too little text.</exception>
    public List<CorpusDocument> Collect(long targetTokens, CancellationToken cancellation)
    {
        List<CorpusDocument> documents = [];
        for (long tokens = 0; tokens < targetTokens;)
        {
            if (Passes == MostPasses || (Passes > 0 && documents.Count == 0))
                throw new AlignmentDataException($"this machine's {DistinctBytes:N0} bytes of distinct text are far too few for {targetTokens:N0} tokens; ask for fewer.");
            foreach (CorpusDocument document in Pass(Passes, cancellation))
            {
                documents.Add(document);
                tokens += document.TargetTokens;
                if (tokens >= targetTokens)
                    break;
            }

            Passes++;
        }

        Draws.Of(seed, 1).Shuffle(documents);
        return documents;
    }

    /// <summary>Documents of all texts: the next text always comes from the kind that has given least for its weight.</summary>
    private IEnumerable<CorpusDocument> Pass(int pass, CancellationToken cancellation)
    {
        var distinct = new DistinctParagraphs();
        var waiting = new Dictionary<string, (Queue<MachineText> Texts, int Weight, double Given)>(StringComparer.Ordinal);
        foreach ((string kind, MachineText[] all) in texts)
        {
            MachineText[] order = [.. all];
            Draws.Of(seed, 2).Shuffle(order);
            (string Kind, int Weight, string What) known = MachineTexts.Kinds.FirstOrDefault(k => k.Kind == kind, (Kind: kind, Weight: 1, What: "files of a folder"));
            waiting[kind] = (new Queue<MachineText>(order), known.Weight, 0);
            _kinds.TryAdd(kind, new Kind(kind, known.What));
        }

        while (waiting.Values.Any(static w => w.Texts.Count > 0))
        {
            cancellation.ThrowIfCancellationRequested();
            List<(string Id, string Text)> batch = [];
            while (batch.Count < BatchTexts && waiting.Where(static w => w.Value.Texts.Count > 0).OrderBy(static w => w.Value.Given / w.Value.Weight).Select(static w => w.Key).FirstOrDefault() is { } kind)
            {
                MachineText next = waiting[kind].Texts.Dequeue();
                string text = string.Join(kind == "netdoc" ? "\n" : "\n\n", distinct.Of(next.Read()));
                int bytes = Encoding.UTF8.GetByteCount(text);
                // A file that gives nothing still costs a little, so that files are not read for ever where all is known.
                waiting[kind] = waiting[kind] with { Given = waiting[kind].Given + bytes + 1 };
                if (pass == 0)
                    _kinds[kind].Add(bytes, waiting[kind].Texts.Count == 0);
                if (bytes > 0)
                    batch.Add((pass == 0 ? $"{kind}/{next.Name}" : $"{kind}/{next.Name}~{pass}", text));
            }

            var cut = new List<CorpusDocument>[batch.Count];
            Parallel.For(0, batch.Count, new ParallelOptions { CancellationToken = cancellation }, i =>
            {
                var draws = Draws.Of(seed, FirstBits(batch[i].Id));
                int skip = pass == 0 ? 0 : 1 + draws.Below(Math.Max(1, Math.Min(2000, batch[i].Text.Length / 2)));
                cut[i] = [.. _cutter.Cut(batch[i].Id, batch[i].Text, draws, skip)];
            });
            foreach (CorpusDocument document in cut.SelectMany(static c => c))
                yield return document;
        }
    }

    private static ulong FirstBits(string id) => BitConverter.ToUInt64(System.Security.Cryptography.SHA256.HashData(Encoding.UTF8.GetBytes(id)));

    private sealed class Kind(string name, string what)
    {
        public string Name => name;

        public string What => what;

        public int Files { get; private set; }

        public long Bytes { get; private set; }

        public bool UsedUp { get; private set; }

        public void Add(long bytes, bool last)
        {
            Files++;
            Bytes += bytes;
            UsedUp = last;
        }
    }
}
