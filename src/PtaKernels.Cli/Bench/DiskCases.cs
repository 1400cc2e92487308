using System.Diagnostics;
using PtaKernels.Alignment;
using PtaKernels.Corpus;
using PtaKernels.Corpus.Stores;
using PtaKernels.Reference;

namespace PtaKernels.Cli.Bench;

/// <summary>disk.*: the samples again and again, from compact stores to a compact store as <c>pta align</c> does it, in this process; beside it the same alignments in memory.</summary>
internal static class DiskCases
{
    private const string ProgramName = "pta bench";

    /// <summary>Most times that each sample stands in the corpus.</summary>
    private const int MostCopies = 16;

    /// <summary>A pass takes about this share of a case's seconds at most.</summary>
    private const double PassShare = 0.1;

    /// <summary>Difference of a value and what a float16 keeps of it, relative to the larger of it and 1.</summary>
    private const double StoredTolerance = 1e-3;

    public static BenchCase? Reference(BenchData data) => Of(data, "disk.reference", AlignmentPreset.Reference with { MeasureSignal = false });

    public static BenchCase? Fusion(BenchData data) => Of(data, "disk.fusion", DocumentCases.FusionOptions);

    private static BenchCase? Of(BenchData data, string id, AlignmentOptions options)
    {
        BenchDocument[] samples = BenchDocuments.SamplesWithSpans(data);
        if (samples.Length == 0)
            return null;
        samples = DocumentCases.Agreeing(id, data.Backend, new ReferenceBackend(), samples, _ => options);
        var corpus = new Corpus(data, Path.Combine(data.Work.Folder, id), samples, CopiesFitting(data, samples, options));
        AlignedDocument[] inMemory = corpus.InMemory(options);
        corpus.Align(options);
        corpus.Require(id, inMemory);
        return new BenchCase(
            id, "tokens/s", new PassLoop(data.Backend.Name, corpus.Tokens, () => corpus.Align(options), onTheClock: true),
            () => [new PassLoop("in memory", corpus.Tokens, () => corpus.InMemory(options), onTheClock: true)],
            () => $"{corpus.Documents} documents, {samples.Length} samples under new names, {corpus.Tokens} target tokens; one thread aligns, one reads, one writes; {corpus.Bytes} bytes read and written");
    }

    /// <summary>Copies of which a pass in memory keeps to its share of the time; the samples have been aligned before, so that this measures compiled code.</summary>
    private static int CopiesFitting(BenchData data, BenchDocument[] samples, AlignmentOptions options)
    {
        var once = DocumentWork.Of(samples, _ => options);
        var clock = Stopwatch.StartNew();
        once.Run(data.Backend);
        return (int)Math.Clamp(data.Seconds * PassShare / clock.Elapsed.TotalSeconds, 1, MostCopies);
    }

    /// <summary>Two models' stores, the documents in them, and a store of fused rows.</summary>
    private sealed class Corpus
    {
        private readonly IKernelBackend _backend;
        private readonly VocabularyPair _vocabularies;
        private readonly string _source, _target, _output;
        private readonly DocumentPair[] _pairs;
        private readonly AlignedDocument[] _aligned;

        public Corpus(BenchData data, string folder, BenchDocument[] samples, int copies)
        {
            Directory.CreateDirectory(folder);
            (_source, _target, _output) = (Path.Combine(folder, "source"), Path.Combine(folder, "target"), Path.Combine(folder, "aligned"));
            (_backend, _vocabularies) = (data.Backend, samples[0].Vocabularies);
            Write(_source, _vocabularies.Source, [.. samples.Select(static s => s.Pair.Source)], copies);
            Write(_target, _vocabularies.Target, [.. samples.Select(static s => s.Pair.Target)], copies);
            _pairs = [.. Read(_source).Zip(Read(_target), static (s, t) => new DocumentPair(s, t))];
            _aligned = new AlignedDocument[_pairs.Length];
            Tokens = _pairs.Sum(static p => (long)p.Target.Length);
        }

        public int Documents => _pairs.Length;

        /// <summary>Target tokens.</summary>
        public long Tokens { get; }

        /// <summary>Bytes of the shards of all three stores.</summary>
        public long Bytes => new[] { _source, _target, _output }.Sum(static s => new StoreReader(s).Shards.Sum(static shard => shard.Bytes));

        /// <summary>The alignments in memory, of what the stores hold.</summary>
        public AlignedDocument[] InMemory(in AlignmentOptions options)
        {
            _backend.AlignBatch(_pairs, _vocabularies, options, _aligned, new AlignmentReport());
            return _aligned;
        }

        /// <summary>Stores in, a store out.</summary>
        public void Align(in AlignmentOptions options) => new AlignmentRun
        {
            TargetDocuments = new StoreReader(_target),
            Target = _vocabularies.Target,
            SourceDocuments = [new StoreReader(_source)],
            Sources = [new AlignmentSource(_vocabularies.Source.Name, _vocabularies)],
            OutputPath = _output,
            Replace = true,
            SourceOrder = [0],
            Producer = StoreProducer.Of(ProgramName),
            Workers = 1,
        }.Run(_backend, options, CancellationToken.None);

        /// <summary>The rows in the store are those that were aligned in memory, but for their rounding to the stored type.</summary>
        public void Require(string id, AlignedDocument[] expected)
        {
            var reader = new StoreReader(_output);
            AlignedDocument[] stored = [.. reader.Rows("", 0).Select(static row => row.Guard(() => AlignedRows.Document(row.Rows, row.BatchRow, "")).Groups[0])];
            if (!stored.Select(static d => d.Id).SequenceEqual(expected.Select(static d => d.Id)))
                throw BenchData.Wrong(id, $"the store has {stored.Length} documents, expected {expected.Length}, or others");
            foreach ((AlignedDocument found, AlignedDocument right) in stored.Zip(expected))
            {
                for (int t = 0; t < right.Rows; t++)
                {
                    if (found.Rows != right.Rows || found[t].Rule != right[t].Rule || !found.IndicesOf(t).SequenceEqual(right.IndicesOf(t)) || !Near(found.ValuesOf(t), right.ValuesOf(t)))
                        throw BenchData.Wrong(id, $"{right.Id} row {t} in the store is not the one that was aligned in memory");
                }
            }
        }

        private static bool Near(ReadOnlySpan<double> stored, ReadOnlySpan<double> values)
        {
            for (int v = 0; v < values.Length; v++)
            {
                if (!(Math.Abs(stored[v] - values[v]) <= StoredTolerance * Math.Max(1, Math.Abs(values[v]))))
                    return false;
            }

            return true;
        }

        private static void Write(string path, TokenVocabulary vocabulary, TokenizedDocument[] documents, int copies)
        {
            using var store = new TeacherStoreWriter(path, replace: false, vocabulary, documents[0].Candidates.K, ValueKind.RawLogit, ProgramName);
            for (int copy = 0; copy < copies; copy++)
            {
                foreach (TokenizedDocument document in documents)
                    store.Write(new TokenizedDocument { Id = $"{document.Id}, {copy}", Ids = document.Ids, Candidates = document.Candidates, Spans = document.Spans });
            }

            store.Commit();
        }

        private static IEnumerable<TokenizedDocument> Read(string path) => new StoreReader(path).Read("").Select(static record => record.Parse());
    }
}
