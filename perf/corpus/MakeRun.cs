using System.Diagnostics;
using System.Globalization;
using System.Text;
using PtaKernels.Corpus;
using PtaKernels.Text;

namespace PtaKernels.CorpusBench;

/// <summary>Makes a corpus: real text, real tokenizers, teachers that predict.</summary>
internal sealed class MakeRun
{
    private const int BatchDocuments = 256;

    /// <summary>Target tokens of the documents.</summary>
    public required long TargetTokens { get; init; }

    /// <summary>Target tokens of text that the teachers are counted on.</summary>
    public required long CountedTokens { get; init; }

    /// <summary>The folder.</summary>
    public required string Output { get; init; }

    /// <summary>Everything random.</summary>
    public required ulong Seed { get; init; }

    /// <summary>Names of the tokenizers, the target's first.</summary>
    public required IReadOnlyList<string> Models { get; init; }

    /// <summary>The text.</summary>
    public required IReadOnlyDictionary<string, MachineText[]> Texts { get; init; }

    /// <summary>Opens the output of a model.</summary>
    public required Func<string, TextEncoder, ITeacherSink> Open { get; init; }

    /// <summary>Where an output of a model is, for its size.</summary>
    public required Func<string, string> PathOf { get; init; }

    /// <summary>Told what is done.</summary>
    public Action<string> Notice { get; init; } = static _ => { };

    /// <summary>Makes all of it.</summary>
    /// <exception cref="AlignmentDataException">Text or tokenizers are missing.</exception>
    public CorpusFacts Run(CancellationToken cancellation)
    {
        var clock = Stopwatch.StartNew();
        Directory.CreateDirectory(Output);
        File.Delete(Path.Combine(Output, CorpusFacts.FileName));
        TextEncoder[] tokenizers = CorpusTokenizers.Load(Output, Models);
        var collection = new TextCollection(Texts, tokenizers, Seed);
        List<CorpusDocument> all = collection.Collect(TargetTokens + CountedTokens + (2 * LengthMix.MostTokens), cancellation);
        int counted = Prefix(all, 0, CountedTokens), end = counted + Prefix(all, counted, TargetTokens);
        CorpusDocument[] documents = [.. all[counted..end]];
        double textSeconds = clock.Elapsed.TotalSeconds;
        Notice($"{documents.Length:N0} documents, {documents.Sum(static d => (long)d.Text.Length):N0} bytes, from {collection.DistinctBytes:N0} bytes of distinct text in {textSeconds:F1} s");
        List<ModelFacts> models = [];
        for (int m = 0; m < Models.Count; m++)
            models.Add(Annotate(Models[m], m, tokenizers[m], all[..counted], documents, cancellation));
        WriteDocuments(documents);
        var facts = new CorpusFacts
        {
            Seed = Seed,
            Documents = documents.Length,
            TextBytes = documents.Sum(static d => (long)d.Text.Length),
            DistinctBytes = collection.DistinctBytes,
            Passes = collection.Passes,
            Lengths = LengthMix.Words,
            Kinds = collection.Kinds,
            Models = models,
            TextSeconds = Math.Round(textSeconds, 1),
            Seconds = Math.Round(clock.Elapsed.TotalSeconds, 1),
        };
        facts.Write(Output);
        return facts;
    }

    private static int Prefix(List<CorpusDocument> documents, int from, long tokens)
    {
        int count = 0;
        for (long sum = 0; sum < tokens && from + count < documents.Count; count++)
            sum += documents[from + count].TargetTokens;
        return count;
    }

    private ModelFacts Annotate(string name, int number, TextEncoder tokenizer, List<CorpusDocument> counted, CorpusDocument[] documents, CancellationToken cancellation)
    {
        var clock = Stopwatch.StartNew();
        int[] stream = [.. counted.SelectMany(d => tokenizer.EncodeSequence(d.Text, begin: false, end: true).Ids)];
        var model = new TeacherModel(stream, tokenizer.Vocabulary.Count);
        double countSeconds = clock.Elapsed.TotalSeconds;
        long rows = 0, tokens = 0, hits = 0;
        double best = 0, crossEntropy = 0;
        using (ITeacherSink sink = Open(name, tokenizer))
        {
            var annotated = new TokenizedDocument[BatchDocuments];
            var found = new (int Hits, double Best, double CrossEntropy)[BatchDocuments];
            for (int from = 0; from < documents.Length; from += BatchDocuments)
            {
                int count = Math.Min(BatchDocuments, documents.Length - from);
                Parallel.For(0, count, new ParallelOptions { CancellationToken = cancellation }, i =>
                {
                    CorpusDocument document = documents[from + i];
                    EncodedText text = tokenizer.EncodeSequence(document.Text, begin: false, end: true);
                    annotated[i] = model.Annotate(document.Id, text.Ids, text.Spans, Draws.Of(Seed + (ulong)number + 100, (ulong)(from + i)));
                    found[i] = Found(annotated[i]);
                });
                for (int i = 0; i < count; i++)
                {
                    sink.Write(annotated[i]);
                    tokens += annotated[i].Length;
                    rows += annotated[i].Length - 1;
                    hits += found[i].Hits;
                    best += found[i].Best;
                    crossEntropy += found[i].CrossEntropy;
                }
            }

            sink.Commit();
        }

        double writeSeconds = clock.Elapsed.TotalSeconds - countSeconds;
        Notice($"{name}: {tokens:N0} tokens, gold top-1 {(double)hits / rows:P1}, counted in {countSeconds:F1} s, written in {writeSeconds:F1} s ({tokens / writeSeconds:N0} tokens/s)");
        int[] lengths = [.. documents.Select(d => d.Tokens[number]).Order()];
        return new ModelFacts
        {
            Name = name,
            Vocabulary = tokenizer.Vocabulary.Count,
            Tokens = tokens,
            CountedTokens = stream.Length,
            LengthQuantiles = [.. new[] { 0, 0.1, 0.25, 0.5, 0.75, 0.9, 1 }.Select(q => lengths[(int)Math.Round(q * (lengths.Length - 1))])],
            GoldTop1 = Math.Round((double)hits / rows, 4),
            MeanTop1 = Math.Round(best / rows, 4),
            CrossEntropy = Math.Round(crossEntropy / rows, 4),
            Bytes = FolderBytes.SizeOf(PathOf(name)),
            CountSeconds = Math.Round(countSeconds, 1),
            WriteSeconds = Math.Round(writeSeconds, 1),
        };
    }

    /// <summary>Rows whose best candidate comes next, and sums over the rows of the best one's probability and of the next token's cross-entropy.</summary>
    private static (int Hits, double Best, double CrossEntropy) Found(TokenizedDocument document)
    {
        int hits = 0;
        double best = 0;
        for (int t = 0; t + 1 < document.Length; t++)
        {
            hits += document.Candidates.IndicesOf(t)[0] == document.Ids[t + 1] ? 1 : 0;
            best += Math.Exp(document.Candidates.ValuesOf(t)[0] - document.LogSumExp![t]);
        }

        return (hits, best, document.LabelCrossEntropy!.Sum());
    }

    private void WriteDocuments(CorpusDocument[] documents)
    {
        using var file = new AtomicFile(Path.Combine(Output, CorpusFacts.DocumentsName), replace: true);
        using (var writer = new StreamWriter(file.Stream, new UTF8Encoding(false), leaveOpen: true) { NewLine = "\n" })
        {
            writer.WriteLine("id\tbytes\t" + string.Join('\t', Models));
            foreach (CorpusDocument document in documents)
                writer.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{document.Id.Replace('\t', ' ')}\t{document.Text.Length}\t{string.Join('\t', document.Tokens)}"));
        }

        file.Commit();
    }
}
