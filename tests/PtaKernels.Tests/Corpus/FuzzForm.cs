using System.IO.Compression;
using Apache.Arrow.Types;
using ParquetSharp;
using PtaKernels.Tests.Corpus.Folders;
using PtaKernels.Tests.Corpus.Parquet;
using PtaKernels.Tests.Corpus.Stores;

namespace PtaKernels.Tests.Corpus;

/// <summary>A form of corpus with one of its files, which is damaged again and again while the others stay whole.</summary>
/// <param name="Name">Names the form in a test's name.</param>
/// <param name="Open">What is opened, in a scratch folder.</param>
/// <param name="File">The file that is damaged, in the scratch folder.</param>
/// <param name="Wholes">Writes the corpus some times over and gives the file's bytes of each time, all of which fit the other files as they are at the end.</param>
/// <param name="Mend">Makes what the damaged bytes are checked against agree with them, so that the damage goes deeper; null: it does not.</param>
/// <param name="Read">Reads what is opened and counts its documents; null: as every other corpus.</param>
public sealed record FuzzForm(
    string Name, string Open, string File, Func<Func<string, string>, IReadOnlyList<byte[]>> Wholes, Func<Func<string, string>, byte[], byte[]>? Mend = null, Func<string, int>? Read = null)
{
    private const string Lines = """
        {"id": "a", "input_ids": [3, 4], "per_step_logits": [[1, 0.5], [2, -Infinity]], "per_step_indices": [[3, 9], [1, 2]], "byte_offsets": [[0, 1], [1, 4]], "metric_ce": 0.1}
        {"input_ids": [5], "per_step_logits": [[1, 0.5], [0, 0]], "per_step_indices": [[3, 9], [0, 0]], "per_step_lse": [7.1], "per_step_metric_ce": [], "text": "\u00e9\ud83d\ude00"}

        """;

    private const string Servers = """
        {"id": "a", "prompt_token_ids": [1, 5, 9], "prompt_logprobs": [null, {"5": {"logprob": -6.5, "rank": 40, "decoded_token": "x"}, "8": {"logprob": -0.25, "rank": 1}, "7": {"logprob": -2.0, "rank": 2}}, {"9": {"logprob": -1.0, "rank": 2}, "3": {"logprob": -1.0, "rank": 1}}]}
        {"choices": [{"logprobs": {"tokens": ["token_id:1", "token_id:5", "token_id:9"], "token_logprobs": [null, -0.5, -7.0], "top_logprobs": [null, {"token_id:5": -0.5, "token_id:8": -1.0}, {"token_id:9": -7.0, "token_id:2": -0.25, "token_id:4": -2.0}]}}], "usage": {"prompt_tokens": 2, "completion_tokens": 1, "total_tokens": 3}}
        {"choices": [{"logprobs": {"content": [{"token": "token_id:1", "logprob": -0.1, "top_logprobs": [{"token": "token_id:1", "logprob": -0.1}, {"token": "token_id:2", "logprob": -3}]}, {"token": "token_id:2", "logprob": -0.1, "top_logprobs": [{"token": "token_id:2", "logprob": -0.1}, {"token": "token_id:3", "logprob": -3}]}]}}]}

        """;

    /// <summary>Every form that is read as documents. A new one is one line here.</summary>
    public static IEnumerable<FuzzForm> All { get; } =
    [
        new("lines", "x.jsonl", "x.jsonl", static _ => [Text(Lines)]),
        new("compressed lines", "x.jsonl.gz", "x.jsonl.gz", static _ => [Compress(Lines), Compress(Servers)]),
        new("server lines", "x.jsonl", "x.jsonl", static _ => [Text(Servers)]),
        new("folder shard", "d", "d/data-00000-of-00001.arrow", static at => [.. Enum.GetValues<ListKind>().Select(kind => FolderFile(at, kind, "d/data-00000-of-00001.arrow"))]),
        new("folder state", "d", "d/state.json", static at => [FolderFile(at, ListKind.List, "d/state.json")]),
        new("folder splits", "d", "d/dataset_dict.json", static at => [DictFile(at)]),
        new("store manifest", "s", "s/manifest.jsonl", static at => [FuzzStore.Teacher(at, zstd: false, "s/manifest.jsonl")]),
        new("forged store manifest", "s", "s/manifest.jsonl", static at => [FuzzStore.Teacher(at, zstd: false, "s/manifest.jsonl")], static (_, bytes) => FuzzStore.Checked(bytes)),
        new("store shard", "s", "s/shard-000000.arrow", static at => [FuzzStore.Teacher(at, zstd: false, "s/shard-000000.arrow")], FuzzStore.Listed),
        new("compressed store shard", "s", "s/shard-000000.arrow", static at => [FuzzStore.Teacher(at, zstd: true, "s/shard-000000.arrow")], FuzzStore.Listed),
        new("aligned store shard", "s", "s/shard-000000.arrow", static at => [FuzzStore.Aligned(at)], FuzzStore.Listed, FuzzStore.ReadAligned),
        new("Parquet", "x.parquet", "x.parquet", static at => [.. Parquets(at)]),
    ];

    /// <inheritdoc/>
    public override string ToString() => Name;

    private static byte[] FolderFile(Func<string, string> at, ListKind kind, string file)
    {
        OfficialFolder.WriteDataset(at("d"), new FolderLayout { PadTo = 10, RowsPerBatch = 2, Positions = kind, Candidates = kind }, "train", ModelRows.Make(3, 4));
        return System.IO.File.ReadAllBytes(at(file));
    }

    private static byte[] DictFile(Func<string, string> at)
    {
        OfficialFolder.WriteDict(at("d"), new FolderLayout(), ("train", ModelRows.Make(3, 4)), ("test", ModelRows.Make(4, 2)));
        return System.IO.File.ReadAllBytes(at("d/dataset_dict.json"));
    }

    private static IEnumerable<byte[]> Parquets(Func<string, string> at)
    {
        foreach (Compression compression in new[] { Compression.Snappy, Compression.Zstd, Compression.Uncompressed })
        {
            foreach (ListKind kind in Enum.GetValues<ListKind>())
            {
                MadeParquet.Write(at("x.parquet"), new FolderLayout { PadTo = 10, RowsPerBatch = 2, Positions = kind, Candidates = kind, Values = kind == ListKind.Large ? FloatType.Default : HalfFloatType.Default }, ModelRows.Make(3, 4), compression);
                yield return System.IO.File.ReadAllBytes(at("x.parquet"));
            }
        }
    }

    private static byte[] Text(string lines) => System.Text.Encoding.UTF8.GetBytes(lines);

    private static byte[] Compress(string lines)
    {
        using var memory = new MemoryStream();
        using (var gzip = new GZipStream(memory, CompressionLevel.Fastest))
            gzip.Write(Text(lines));
        return memory.ToArray();
    }
}
