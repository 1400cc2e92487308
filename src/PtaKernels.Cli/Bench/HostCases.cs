using System.Globalization;
using System.Text.Json;
using PtaKernels.Cli.Verify;
using PtaKernels.Gpu;

namespace PtaKernels.Cli.Bench;

/// <summary>host.*: what one thread of the host does for a chunk of documents on a GPU, the device left out. Real golden documents, on the emulator too: it runs once.</summary>
internal static class HostCases
{
    /// <summary>Processor time of one thread that feeds a device.</summary>
    public const string HostClock = "host";

    /// <summary>Documents of the recording: long enough that a document's own costs do not stand out, short enough for the emulator.</summary>
    private const int LeastLength = 100, MostLength = 400, RecordedTokens = 600;

    /// <summary>Target tokens of a chunk, as a GPU gets them.</summary>
    private const int ChunkTokens = 1 << 17;

    public static BenchCase Reference(BenchData data) => Of(data, "host.reference", AlignmentPreset.Reference with { MeasureSignal = false, Window = 10 });

    public static BenchCase Paper(BenchData data) => Of(data, "host.paper", DocumentCases.PaperOptions);

    public static BenchCase Fusion(BenchData data) => Of(data, "host.fusion", DocumentCases.FusionOptions);

    public static BenchCase Transport(BenchData data) => Of(data, "host.transport", DocumentCases.TransportOptions);

    private static BenchCase Of(BenchData data, string id, AlignmentOptions options)
    {
        var device = (GpuBackend)data.Backend;
        BenchDocument[] documents = DocumentCases.Agreeing(id, device, DeviceCases.Peer(device), Documents(data), _ => options);
        DocumentPair[] pairs = [.. documents.Select(static d => d.Pair)];
        int tokens = pairs.Sum(static p => p.Target.Length), copies = Math.Max(1, ChunkTokens / tokens);
        var rehearsal = new ChunkRehearsal(device, pairs, documents[0].Vocabularies, options, copies);
        rehearsal.Replay(new AlignmentReport());
        for (int d = 0; d < rehearsal.Aligned.Count; d++)
        {
            if (!AreSame(rehearsal.Aligned[d], rehearsal.Expected[d % pairs.Length]))
                throw BenchData.Wrong(id, $"document {d} of a chunk is not the one that the device aligned");
        }

        var report = new AlignmentReport();
        DocumentWork once = DocumentWork.Of(documents, _ => options);
        Native.NativeBackend peer = DeviceCases.Peer(device);
        return new BenchCase(
            id, "tokens/s", new PassLoop(device.Name, rehearsal.Tokens, () => rehearsal.Replay(report)), () => [DeviceCases.Loop(peer, once.Tokens, () => once.Run(peer))],
            () => $"a chunk of {copies} times {BenchDocuments.Describe(documents)}{Stages(report)}", Clock: HostClock);
    }

    private static string Stages(AlignmentReport report) => report.TargetTokens == 0 ? "" : "; ns a token: " + string.Join(", ", Enum.GetValues<AlignmentStage>().Select(
        stage => string.Create(CultureInfo.InvariantCulture, $"{stage.ToString().ToLowerInvariant()} {1e9 * report.SecondsOf(stage) / report.TargetTokens:F1}")));

    private static IEnumerable<BenchDocument> Documents(BenchData data)
    {
        int tokens = 0;
        foreach (JsonElement row in data.Rows("align"))
        {
            string source = row.GetProperty("source").GetString()!, target = row.GetProperty("target").GetString()!;
            int length = row.GetProperty("target_ids").GetArrayLength();
            if (source != "gpt2" || target != "spA" || row.GetProperty("mode").GetString() != "default" || length is < LeastLength or > MostLength || tokens >= RecordedTokens)
                continue;
            tokens += length;
            yield return new BenchDocument(AlignCheck.DocumentsOf(row), data.Pair(source, target), source, target, AlignCheck.OptionsOf(row));
        }
    }

    private static bool AreSame(AlignedDocument one, AlignedDocument other)
    {
        bool same = one.Rows == other.Rows;
        for (int i = 0; same && i < one.Rows; i++)
            same = one[i] == other[i] && one.IndicesOf(i).SequenceEqual(other.IndicesOf(i)) && one.ValuesOf(i).SequenceEqual(other.ValuesOf(i));
        return same;
    }
}
