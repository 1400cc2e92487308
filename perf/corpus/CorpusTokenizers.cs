using System.IO.Compression;
using System.Text;
using System.Text.Json;
using PtaKernels.Cli.Bench;
using PtaKernels.Corpus;
using PtaKernels.Text;

namespace PtaKernels.CorpusBench;

/// <summary>The tokenizers of the corpus, from what the repository has of them.</summary>
/// <remarks><c>gpt2</c> is byte-level BPE in the order of its ranks, so its tokens are all of it; <c>spA</c> and <c>spB</c> are whole SentencePiece models.</remarks>
internal static class CorpusTokenizers
{
    /// <summary>The folder of the tokenizers within a corpus.</summary>
    public const string Folder = "tokenizers";

    /// <summary>The target.</summary>
    public const string Target = "spA";

    /// <summary>First and second source.</summary>
    public static readonly string[] Sources = ["gpt2", "spB"];

    /// <summary>File name of each.</summary>
    public static string FileOf(string name) => name == "gpt2" ? name + ".tiktoken" : name + ".model";

    /// <summary>Writes the tokenizers' files where they are missing, and loads them.</summary>
    /// <param name="corpus">The corpus.</param>
    /// <param name="names">Which.</param>
    /// <exception cref="AlignmentDataException">The repository's files are missing.</exception>
    public static TextEncoder[] Load(string corpus, IReadOnlyList<string> names)
    {
        string folder = Path.Combine(corpus, Folder);
        Directory.CreateDirectory(folder);
        return [.. names.Select(name =>
        {
            string file = Path.Combine(folder, FileOf(name));
            if (!File.Exists(file))
                Write(file, name);
            return TextEncoder.Load(file);
        })];
    }

    private static void Write(string path, string name)
    {
        string repository = RepositoryFolder.Find() ?? throw new AlignmentDataException("the tokenizers are in the repository's samples and tests/golden; run this from a checkout.");
        using var file = new AtomicFile(path, replace: true);
        if (name == "gpt2")
        {
            using Stream json = Unpacked(Path.Combine(repository, "samples", "vocab", "gpt2.json.gz"));
            using JsonDocument vocabulary = JsonDocument.Parse(json);
            int id = 0;
            foreach (JsonElement token in vocabulary.RootElement.GetProperty("tokens").EnumerateArray())
            {
                // The last one is the end of sequence, which a rank file does not have.
                if (id != vocabulary.RootElement.GetProperty("eos_id").GetInt32())
                    file.Stream.Write(Encoding.ASCII.GetBytes($"{Convert.ToBase64String(TokenText.FromByteLevel(token.GetString()!)!)} {id}\n"));
                id++;
            }
        }
        else
        {
            using Stream model = Unpacked(Path.Combine(repository, "tests", "golden", "tokenizers", name + ".model.gz"));
            model.CopyTo(file.Stream);
        }

        file.Commit();
    }

    private static GZipStream Unpacked(string file) =>
        File.Exists(file) ? new GZipStream(File.OpenRead(file), CompressionMode.Decompress) : throw new AlignmentDataException($"{file}: no such file; the repository has it.");
}
