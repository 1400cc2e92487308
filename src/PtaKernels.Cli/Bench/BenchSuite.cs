using System.Globalization;
using PtaKernels.Gpu;

namespace PtaKernels.Cli.Bench;

/// <summary>A case that can be asked for.</summary>
/// <param name="Id">Its stable name, as typed after <c>--case</c>; a case on more threads has the name of the one on one.</param>
/// <param name="What">What it does, in one line.</param>
/// <param name="Prepare">Checks our own answers; null where the case cannot be had here.</param>
internal sealed record BenchOffer(string Id, string What, Func<BenchData, BenchCase?> Prepare);

/// <summary>The cases by their stable names, and a run of some of them.</summary>
internal static class BenchSuite
{
    /// <summary>Stands for whatever a case's name ends with.</summary>
    private const string AnyEnd = ".*";

    private static readonly BenchOffer[] Cases =
    [
        new("edit.all-pairs", "edit distances of 2,000 GPT-2 tokens to all of spA", TokenCases.EditAllPairs),
        new("edit.all-pairs", "the same on two threads", TokenCases.EditTeam),
        new("map.gpt2-spA", "nearest spA token of every GPT-2 token", TokenCases.Map),
        new("cost.embedding", "cosine distances of 64 embedded GPT-2 tokens to all of spA", EmbeddingCases.Distances),
        new("path.128", "alignment paths of 128 GPT-2 tokens and spA's (BPE, SentencePiece)", static d => PathCases.OfLength(d, "path.128", "spA", 128)),
        new("path.512", "the same of 512", static d => PathCases.OfLength(d, "path.512", "spA", 512)),
        new("path.2048", "alignment paths of whole long documents", PathCases.Path2048),
        new("path.16384", "an alignment path of 16,384 GPT-2 tokens and spA's", static d => PathCases.OfLength(d, "path.16384", "spA", 16_384)),
        new("path.128.bpe", "alignment paths of 128 GPT-2 tokens and cl100k's (BPE, BPE)", static d => PathCases.OfLength(d, "path.128.bpe", "cl100k", 128)),
        new("path.512.bpe", "the same of 512", static d => PathCases.OfLength(d, "path.512.bpe", "cl100k", 512)),
        new("path.2048.bpe", "the same of 2,048", static d => PathCases.OfLength(d, "path.2048.bpe", "cl100k", 2048)),
        new("path.16384.bpe", "the same of 16,384", static d => PathCases.OfLength(d, "path.16384.bpe", "cl100k", 16_384)),
        new("ot.official.k3", "the official transport loop on 3 x 3 candidates", static d => TransportCases.OfficialOf(d, 3)),
        new("ot.official", "the same on 10 x 10", TransportCases.Official),
        new("ot.official.k32", "the same on 32 x 32", static d => TransportCases.OfficialOf(d, 32)),
        new("ot.certified.k3", "certified balanced transports of 3 x 3 candidates", static d => TransportCases.CertifiedOf(d, 3)),
        new("ot.certified", "the same of 10 x 10", TransportCases.Certified),
        new("ot.certified.k32", "the same of 32 x 32", static d => TransportCases.CertifiedOf(d, 32)),
        new("ot.greenkhorn", "the same of 10 x 10 by solver greenkhorn", TransportCases.Greenkhorn),
        new("ot.unbalanced", "certified unbalanced transports of 10 x 10", TransportCases.Unbalanced),
        new("ot.semi-relaxed.k3", "semi-relaxed transports of 3 x 3 candidates", static d => TransportCases.SemiRelaxedOf(d, 3)),
        new("ot.semi-relaxed", "the same of 10 x 10", TransportCases.SemiRelaxed),
        new("ot.semi-relaxed.k32", "the same of 32 x 32", static d => TransportCases.SemiRelaxedOf(d, 32)),
        new("doc.reference", "whole documents in memory, preset reference", DocumentCases.Reference),
        new("doc.reference", "the same on two threads", DocumentCases.ReferenceTeam),
        new("doc.paper", "the same documents, preset paper", DocumentCases.Paper),
        new("doc.fusion", "the same, preset fusion", DocumentCases.Fusion),
        new("doc.transport", "the same, preset fusion with transport instead of bytes", DocumentCases.Transport),
        new("doc.embedding", "the same with distances of embedded tokens for costs", DocumentCases.Embedding),
        new("disk.reference", "short documents from store to store, preset reference", DiskCases.Reference),
        new("disk.fusion", "the same, preset fusion", DiskCases.Fusion),
        new("encode.sentencepiece-bpe", "texts to tokens, SentencePiece BPE", EncodeCases.BytePairs),
        new("encode.unigram", "the same, SentencePiece unigram", EncodeCases.Unigram),
        new("encode.byte-level", "the same, byte-level BPE", EncodeCases.ByteLevel),
        new("loss.sparse", "a training step's loss and gradients, sparse targets", LossCases.AgainstPyTorch),
        new("loss.libtorch", "the same beside the dense formula in our own libtorch", LossCases.AgainstLibtorch),
        new("train.step", "a whole training step of a small Llama", TrainCases.AgainstPyTorch),
        new("start.version", "a pta process that only prints its version", StartCases.Version),
        new("start.align", "a pta process that aligns one short document", StartCases.Align),
    ];

    /// <summary>What a GPU backend runs instead: the same names, and paths from parts of tables, timed on the device, against the native backend; no compiler and no Python needed.</summary>
    private static readonly BenchOffer[] OnDevice =
    [
        new("edit.all-pairs", "edit distances of all GPT-2 tokens to all of spA", DeviceCases.EditAllPairs),
        new("map.gpt2-spA", "nearest spA token of every GPT-2 token", DeviceCases.Map),
        new("path.512", "alignment paths of many documents of 512 GPT-2 tokens", DeviceCases.Path512),
        new("path.2048", "alignment paths of many long documents", DeviceCases.Path2048),
        new("path.2048.band", "the same from a part of the table where that is enough", DeviceCases.Path2048Band),
        new("ot.official", "the official transport loop on 10 x 10 candidates", DeviceCases.OfficialTransport),
        new("ot.semi-relaxed", "semi-relaxed transports of the same", DeviceCases.SemiRelaxedTransport),
        new("doc.reference", "whole documents from host memory to host memory, preset reference", DeviceCases.Reference),
        new("doc.paper", "the same, preset paper", DeviceCases.Paper),
        new("doc.fusion", "the same, preset fusion", DeviceCases.Fusion),
        new("doc.transport", "the same, preset fusion with transport instead of bytes", DeviceCases.Transport),
        new("doc.embedding", "the same with distances of embedded tokens for costs", DeviceCases.Embedding),
        new("host.reference", "what one thread does for a chunk of documents on the device, preset reference", HostCases.Reference),
        new("host.paper", "the same, preset paper", HostCases.Paper),
        new("host.fusion", "the same, preset fusion", HostCases.Fusion),
        new("host.transport", "the same, preset fusion with transport instead of bytes", HostCases.Transport),
    ];

    /// <summary>The cases of a backend without a device.</summary>
    public static IEnumerable<string> HostIds => Cases.Select(static c => c.Id).Distinct();

    public static IEnumerable<string> Ids => Cases.Concat(OnDevice).Select(static c => c.Id).Distinct();

    /// <summary>The cases of a backend.</summary>
    public static IReadOnlyList<BenchOffer> OfferedTo(IKernelBackend backend) => backend is GpuBackend ? OnDevice : Cases;

    /// <summary>Checks every answer, then times; nothing is timed when one of them is wrong.</summary>
    /// <param name="data">What the cases are made of.</param>
    /// <param name="ids">Cases to run, each by its name, or those that begin alike as <c>path.*</c>; empty means all.</param>
    /// <param name="report">Called after each case.</param>
    /// <exception cref="ArgumentException">A case is unknown.</exception>
    /// <exception cref="AlignmentDataException">An answer is wrong, or golden files are missing.</exception>
    public static List<BenchResult> Run(BenchData data, IReadOnlyCollection<string> ids, Action<BenchResult> report)
    {
        if (!(data.Seconds > 0))
            throw new ArgumentException($"--seconds is {data.Seconds.ToString(CultureInfo.InvariantCulture)}; it must be a number over 0.");
        BenchCase[] cases = Prepare(data, ids);
        IReadOnlyList<IContestant>[] peers = [.. cases.Select(static c => c.Peers())];
        var results = new List<BenchResult>();
        foreach ((BenchCase one, IReadOnlyList<IContestant> others) in cases.Zip(peers))
        {
            // What the checks have left behind is collected here and not in somebody's round.
            GC.Collect();
            BenchResult[] measured = BenchResult.Measure(one, others, data.Seconds);
            Array.ForEach(measured, report);
            results.AddRange(measured);
        }

        return results;
    }

    /// <summary>The cases with our own answers checked, before any peer is started.</summary>
    /// <param name="data">What the cases are made of.</param>
    /// <param name="ids">As for <see cref="Run"/>.</param>
    /// <exception cref="ArgumentException">A case is unknown.</exception>
    /// <exception cref="AlignmentDataException">An answer is wrong, or golden files are missing.</exception>
    public static BenchCase[] Prepare(BenchData data, IReadOnlyCollection<string> ids)
    {
        IReadOnlyList<BenchOffer> offered = OfferedTo(data.Backend);
        if (ids.FirstOrDefault(id => !offered.Any(c => Means(id, c.Id))) is { } unknown)
            throw new ArgumentException($"case '{unknown}' is unknown{(Ids.Any(id => Means(unknown, id)) ? $" to backend {data.Backend.Name}" : "")}; use {string.Join(", ", offered.Select(static c => c.Id).Distinct())}.");
        BenchOffer[] asked = [.. offered.Where(c => ids.Count == 0 || ids.Any(id => Means(id, c.Id)))];
        if (Array.Exists(asked, static c => NeedsTorch(c.Id)) && LossCases.WhyUnavailable is { } why)
        {
            if (ids.Count > 0)
                throw new ArgumentException($"the cases loss.* and train.* cannot run: {why}.");
            data.LeftOut = $"loss.* and train.*: {why}";
            asked = [.. asked.Where(static c => !NeedsTorch(c.Id))];
        }

        return [.. asked.Select(c => c.Prepare(data)).OfType<BenchCase>()];
    }

    /// <summary>Whether what was typed means a case: by its name, or by how it begins, as <c>path.512.*</c> means path.512 and path.512.bpe.</summary>
    private static bool Means(string typed, string id) =>
        typed == id || (typed.EndsWith(AnyEnd, StringComparison.Ordinal) && (id + ".").StartsWith(typed[..^1], StringComparison.Ordinal));

    /// <summary>Whether a case needs libtorch.</summary>
    public static bool NeedsTorch(string id) => id.StartsWith("loss.", StringComparison.Ordinal) || id.StartsWith("train.", StringComparison.Ordinal);
}
