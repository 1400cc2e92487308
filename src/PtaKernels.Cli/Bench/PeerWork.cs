using System.Runtime.InteropServices;
using System.Text.Json;

namespace PtaKernels.Cli.Bench;

/// <summary>The folder through which peers get their work: raw little-endian arrays for the compiled ones, JSON lines for Python. Removed at the end.</summary>
internal sealed class PeerWork : IDisposable
{
    public string Folder { get; } = Directory.CreateTempSubdirectory("pta-bench-").FullName;

    /// <summary>Writes one array; its name may begin with a folder, which is made.</summary>
    public void Write<T>(string name, ReadOnlySpan<T> values)
        where T : unmanaged
    {
        Directory.CreateDirectory(Path.GetDirectoryName(Path.Combine(Folder, name))!);
        using FileStream file = File.Create(Path.Combine(Folder, name));
        file.Write(MemoryMarshal.AsBytes(values));
    }

    /// <summary>Writes some tokens of a tape as a tape of their own.</summary>
    public void WriteTokens(string name, TokenTape tape, IEnumerable<int> tokens)
    {
        var symbols = new List<int>();
        var offsets = new List<int> { 0 };
        foreach (int token in tokens)
        {
            symbols.AddRange(tape[token]);
            offsets.Add(symbols.Count);
        }

        Write<int>(name + ".symbols", CollectionsMarshal.AsSpan(symbols));
        Write<int>(name + ".offsets", CollectionsMarshal.AsSpan(offsets));
    }

    /// <summary>Writes documents with the rows that are expected of them, in the form of golden files.</summary>
    public void WriteDocuments(IEnumerable<(BenchDocument Document, AlignedDocument Expected)> documents)
    {
        foreach (var group in documents.GroupBy(static d => (d.Document.SourceName, d.Document.TargetName)))
        {
            using var lines = new StreamWriter(Path.Combine(Folder, $"align.{group.Key.SourceName}-{group.Key.TargetName}.jsonl"));
            foreach ((BenchDocument document, AlignedDocument expected) in group)
            {
                AlignmentOptions options = document.Options;
                lines.WriteLine(JsonSerializer.Serialize(new Dictionary<string, object>
                {
                    ["source_ids"] = document.Pair.Source.Ids,
                    ["target_ids"] = document.Pair.Target.Ids,
                    ["source_indices"] = Rows(document.Pair.Source.Candidates, static (c, t) => c.IndicesOf(t).ToArray()),
                    ["target_indices"] = Rows(document.Pair.Target.Candidates, static (c, t) => c.IndicesOf(t).ToArray()),
                    ["source_logits"] = Rows(document.Pair.Source.Candidates, static (c, t) => c.ValuesOf(t).ToArray()),
                    ["target_logits"] = Rows(document.Pair.Target.Candidates, static (c, t) => c.ValuesOf(t).ToArray()),
                    ["logits_number"] = options.Window,
                    ["lambda"] = 1 / options.Epsilon,
                    ["epsilon"] = options.Tolerance,
                    ["indices"] = Enumerable.Range(0, expected.Rows).Select(t => expected.IndicesOf(t).ToArray()),
                    ["values"] = Enumerable.Range(0, expected.Rows).Select(t => expected.ValuesOf(t).ToArray()),
                }));
            }
        }
    }

    /// <summary>Writes the official map of the source tokens that documents of each pair name, as golden folders have it.</summary>
    public void WriteMaps(IEnumerable<BenchDocument> documents, IKernelBackend backend)
    {
        foreach (var group in documents.GroupBy(static d => (d.SourceName, d.TargetName, d.Vocabularies)))
        {
            (string source, string target, VocabularyPair pair) = group.Key;
            int[] tokens = [.. group.SelectMany(static d => d.Pair.Source.Ids.Concat(d.Pair.Source.Candidates.Indices)).Distinct()];
            pair.Official.Map.Resolve(backend, tokens);
            var map = new Dictionary<string, string>(StringComparer.Ordinal);
            foreach (int token in tokens)
                map[pair.Source.StringOf(token)!.Replace(pair.Source.Marker, pair.Target.Marker, StringComparison.Ordinal)] = pair.Target.StringOf(pair.Official.Map[token])!;
            File.WriteAllText(Path.Combine(Folder, $"map.{source}-{target}.json"), JsonSerializer.Serialize(map));
        }
    }

    public void Dispose() => Directory.Delete(Folder, recursive: true);

    private static IEnumerable<T[]> Rows<T>(TopKLogits candidates, Func<TopKLogits, int, T[]> row) => Enumerable.Range(0, candidates.Rows).Select(t => row(candidates, t));
}
