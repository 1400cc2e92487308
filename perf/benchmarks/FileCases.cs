using System.Globalization;
using System.IO.Compression;
using System.Text.Json;
using PtaKernels.Cli.Bench;
using PtaKernels.Corpus;
using PtaKernels.Corpus.Stores;
using PtaKernels.Text;
using PtaKernels.Training;

namespace PtaKernels.Benchmarks;

/// <summary>read.*, pack: the samples of one model from JSON lines and from a store, and their texts packed into sequences.</summary>
internal sealed class FileCases : IDisposable
{
    private const string JsonLines = "read.json-lines", Store = "read.store", Pack = "pack";

    /// <summary>The samples once are read within a few milliseconds.</summary>
    private const int Passes = 8;

    private const int SequenceLength = 512;

    private readonly string _folder = Directory.CreateTempSubdirectory("pta-benchmarks-").FullName;

    /// <summary>Their names.</summary>
    public static IReadOnlyList<string> Ids { get; } = [JsonLines, Store, Pack];

    /// <summary>One of them, its answer checked.</summary>
    /// <exception cref="AlignmentDataException">What was read or packed is not what the samples hold.</exception>
    public PassLoop Prepare(string id)
    {
        string root = RepositoryFolder.Find() ?? throw new AlignmentDataException("the cases are made of this repository's samples; run the program from a checkout.");
        string samples = Path.Combine(root, "samples", "gpt2.jsonl.gz");
        return id switch
        {
            JsonLines => Reading(samples, samples, 1),
            Store => Reading(Import(samples, Path.Combine(root, "samples", "vocab", "gpt2.json.gz")), samples, Passes),
            _ => Packing(samples, Path.Combine(root, "tests", "golden", "tokenizers", "spA.model.gz")),
        };
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private string Import(string samples, string vocabulary)
    {
        string store = Path.Combine(_folder, "store");
        new StoreImport { Inputs = [DocumentFiles.Open(samples)], Vocabulary = VocabularyFile.Read(vocabulary), OutputPath = store, Workers = 1 }.Run(CancellationToken.None);
        return store;
    }

    private static PassLoop Reading(string path, string samples, int passes)
    {
        long expected = DocumentFiles.Read(samples).Sum(static d => (long)d.Length), tokens = Read();
        if (tokens != expected)
            throw new AlignmentDataException($"{path}: {tokens} tokens were read, and {samples} holds {expected}.");
        return new PassLoop("own", passes * tokens, () =>
        {
            for (int pass = 0; pass < passes; pass++)
                Read();
        });

        long Read() => DocumentFiles.Read(path).Sum(static d => (long)d.Length);
    }

    private PassLoop Packing(string samples, string packedModel)
    {
        string model = Path.Combine(_folder, "spA.model"), texts = Path.Combine(_folder, "texts.jsonl"), output = Path.Combine(_folder, "packed");
        using (var content = new GZipStream(File.OpenRead(packedModel), CompressionMode.Decompress))
        using (FileStream file = File.Create(model))
            content.CopyTo(file);
        File.WriteAllLines(texts, PtaKernels.Corpus.JsonLines.ReadLines(samples).Select(static (line, number) =>
        {
            using JsonDocument row = JsonDocument.Parse(PythonJson.Quote(line.Text));
            return JsonSerializer.Serialize(new { id = number.ToString(CultureInfo.InvariantCulture), text = row.RootElement.GetProperty("text").GetString() });
        }));
        TextEncoder encoder = TextEncoder.Load(model);
        PackingReport first = Run();
        if (Run().Tokens is var again && (again != first.Tokens || again == 0))
            throw new AlignmentDataException($"{Pack}: {first.Tokens} tokens were packed, and then {again}.");
        return new PassLoop("own", first.Tokens, () => Run());

        PackingReport Run() => new PackingRun { InputPath = texts, Encoder = encoder, OutputPath = output, Replace = true, Length = SequenceLength }.Run(CancellationToken.None);
    }
}
