using PtaKernels.Cli.Bench;
using PtaKernels.Native;
using PtaKernels.Reference;

namespace PtaKernels.Scaling;

/// <summary>Documents through a preset, checked.</summary>
internal static class DocumentWorks
{
    /// <summary>The presets as they are measured: as <c>pta bench</c> has them.</summary>
    public static (string Name, AlignmentOptions Options)[] Presets { get; } =
    [
        ("reference", AlignmentPreset.Reference with { MeasureSignal = false, Window = 0 }),
        ("paper", DocumentCases.PaperOptions),
        ("fusion", DocumentCases.FusionOptions),
    ];

    /// <summary>What <see cref="Of"/> makes of a document's pair.</summary>
    public static BenchDocument[] Of(VocabularyPair pair, IEnumerable<DocumentPair> documents, AlignmentOptions options) =>
        [.. documents.Select(d => new BenchDocument(d, pair, pair.Source.Name, pair.Target.Name, options))];

    /// <summary>Requires that the native backend gives the plain one's rows.</summary>
    /// <exception cref="AlignmentDataException">It does not.</exception>
    public static void RequirePlain(string id, IKernelBackend backend, IReadOnlyList<BenchDocument> documents)
    {
        if (DocumentCases.Agreeing(id, backend, new ReferenceBackend(), documents, static d => d.Options).Length != documents.Count)
            throw BenchData.Wrong(id, "a document of real text counts as bad input");
    }

    /// <summary>Requires what must hold of every row: transports end in a plan, and tokens of a distribution sum to no more than 1.</summary>
    /// <exception cref="AlignmentDataException">It does not.</exception>
    public static void RequireRows(string id, IKernelBackend backend, IReadOnlyList<BenchDocument> documents)
    {
        foreach (BenchDocument document in documents)
        {
            AlignedDocument aligned = Align(backend, document);
            for (int i = 0; i < aligned.Rows; i++)
            {
                if (aligned[i].Transport is { Status: not TransportStatus.Converged } outcome)
                    throw BenchData.Wrong(id, $"{aligned.Id} row {i}: the transport ended as {outcome.Status}");
                double sum = 0;
                foreach (double value in aligned.ValuesOf(i))
                    sum += value;
                if (document.Options.Output == OutputUnit.Probabilities && aligned[i].Transferred && !(Math.Abs(sum - 1) <= 1e-9))
                    throw BenchData.Wrong(id, $"{aligned.Id} row {i} sums to {sum:R}");
            }
        }
    }

    /// <summary>One call for all documents.</summary>
    public static Action<AlignmentReport> Pass(IKernelBackend backend, IReadOnlyList<BenchDocument> documents)
    {
        DocumentPair[] pairs = [.. documents.Select(static d => d.Pair)];
        VocabularyPair vocabularies = documents[0].Vocabularies;
        AlignmentOptions options = documents[0].Options;
        AlignedDocument[] aligned = new AlignedDocument[pairs.Length];
        return report => backend.AlignBatch(pairs, vocabularies, options, aligned, report);
    }

    /// <summary>Passes by processor time; by the clock with several threads.</summary>
    public static PassLoop Loop(NativeBackend backend, IReadOnlyList<BenchDocument> documents)
    {
        Action<AlignmentReport> pass = Pass(backend, documents);
        return new PassLoop(backend.Name, TokensOf(documents), () => pass(new AlignmentReport()), onTheClock: backend.Threads > 1);
    }

    public static double TokensOf(IReadOnlyList<BenchDocument> documents) => documents.Sum(static d => (double)d.Pair.Target.Length);

    private static AlignedDocument Align(IKernelBackend backend, BenchDocument document)
    {
        var aligned = new AlignedDocument[1];
        backend.AlignBatch([document.Pair], document.Vocabularies, document.Options, aligned, new AlignmentReport());
        return aligned[0];
    }
}
