using PtaKernels.Corpus;
using PtaKernels.Corpus.Sampling;
using PtaKernels.Corpus.Stores;

namespace PtaKernels.Pipeline.Planning;

/// <summary>Imports a sample of documents that lie in no store yet, for real, into a folder that is removed afterwards.</summary>
internal sealed class ImportSample(DocumentSample documents, IReadOnlyList<TokenVocabulary> vocabularies, StoreOptions options, string folder)
{
    private const int ItemsPerCore = 12, DocumentsOfItem = 32;

    /// <summary>The stores of the sample, a reader for each model.</summary>
    public IReadOnlyList<StoreReader> Import(CancellationToken cancellation) => [.. documents.Readers.Select((_, m) => Import(m, 1, $"model-{m}", cancellation))];

    /// <summary>Times the import of one model.</summary>
    /// <param name="model">Its number.</param>
    /// <param name="rounds">How often.</param>
    /// <param name="cancellation">Stops it.</param>
    /// <returns>Rounds, whose tokens are the model's own; and the last store, of which only the manifest is left.</returns>
    public (StageTiming Timing, StoreReader Store) Time(int model, int rounds, CancellationToken cancellation)
    {
        int repeats = Math.Max(1, (int)Math.Ceiling((double)ItemsPerCore * DocumentsOfItem * Environment.ProcessorCount / documents.Count));
        StoreReader? store = null;
        StageTiming timing = StageTiming.Of(rounds, () => store!.Totals.Tokens, () =>
        {
            store = Import(model, repeats, "timed", cancellation);
            Directory.Delete(store.Path, recursive: true);
        });
        double read = ReadSeconds(repeats);
        return (timing with { Rounds = [.. timing.Rounds.Select(l => new Lap(l.Clock + read, l.Processor + read))] }, store!);
    }

    /// <summary>Reading, and unpacking, of all documents in turn, as far as it falls upon so many.</summary>
    private double ReadSeconds(int repeats) => documents.ReadSeconds / documents.Readers.Count / documents.CorpusDocuments * documents.Count * repeats;

    private StoreReader Import(int model, int repeats, string name, CancellationToken cancellation)
    {
        string path = Path.Combine(folder, name);
        new StoreImport
        {
            Inputs = [new SampledReader(documents.Readers[model], [.. Enumerable.Repeat(documents.Records[model], repeats).SelectMany(static d => d)])],
            Vocabulary = vocabularies[model],
            OutputPath = path,
            OnError = OnError.Stop,
            Store = options,
        }.Run(cancellation);
        return new StoreReader(path);
    }
}
