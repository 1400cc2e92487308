using PtaKernels.Cli.Verify;
using PtaKernels.Native;
using PtaKernels.Reference;

namespace PtaKernels.Cli.Bench;

/// <summary>doc.*: whole documents in memory through one preset.</summary>
internal static class DocumentCases
{
    /// <summary>Tokens per second of the official code on documents of about 1,600 tokens, where no Python can be had.</summary>
    private const double OfficialRate = 350;

    /// <summary>Fused distributions of two backends agree to this (SPEC A4).</summary>
    private const double Agreement = 1e-8;

    /// <summary>Share of rows that may differ by a choice between equally good columns (SPEC A4).</summary>
    private const double AllowedTies = 0.002;

    /// <summary>A team passes over its documents this often at once, so that the last document of a pass is a small part of it.</summary>
    private const int TeamCopies = 8;

    public static BenchCase Reference(BenchData data)
    {
        const string Id = "doc.reference";
        BenchDocument[] documents = data.Documents.Documents;
        var expected = new List<(BenchDocument, AlignedDocument)>();
        var ties = new List<string>();
        foreach (BenchDocument document in documents)
        {
            AlignedDocument right = Align(new ReferenceBackend(), document, document.Options);
            ties.AddRange(Compare(Id, Align(data.Backend, document, document.Options), right));
            expected.Add((document, right));
        }

        RequireFewTies(Id, ties, documents);
        var work = DocumentWork.Of(documents, static d => d.Options);
        return new BenchCase(
            Id, "tokens/s", new PassLoop(data.Backend.Name, work.Tokens, () => work.Run(data.Backend)), () => [Published(data, documents, expected)],
            () => BenchDocuments.Describe(documents) + data.Documents.Origin + Ties(ties) + work.Stages(),
            Limit: () => KernelLimits.Of(data.Backend)?.Documents(documents, static d => d.Options, data.Backend));
    }

    /// <summary>The published functions on the same documents, their rows compared with ours.</summary>
    private static IContestant Published(BenchData data, BenchDocument[] documents, List<(BenchDocument, AlignedDocument)> expected)
    {
        data.Work.WriteDocuments(expected);
        data.Work.WriteMaps(documents, new ReferenceBackend());
        if (data.Python is not { } python)
            return new RecordedRate("official Python, constant", OfficialRate);
        python.Check("document");
        return python.For("document", python.Versions[2] == "-" ? "Python, distances free" : "Python");
    }

    /// <summary>The same documents on two threads, compared with one: what a second thread gives.</summary>
    public static BenchCase ReferenceTeam(BenchData data)
    {
        BenchDocument[] documents = data.Documents.Documents;
        DocumentWork one = DocumentWork.Of(documents, static d => d.Options);
        var team = DocumentWork.Of([.. Enumerable.Repeat(documents, TeamCopies).SelectMany(static d => d)], static d => d.Options);
        // A backend that shares out documents by itself is asked to.
        IContestant ours = data.Backend is NativeBackend native && new NativeBackend(native.Isa) { Threads = 2 } is var two
            ? new PassLoop(native.Name, team.Tokens, () => team.Run(two), onTheClock: true)
            : team.Team(data.Backend, 2);
        return new BenchCase(
            "doc.reference", "tokens/s", ours, () => [new PassLoop("one thread", one.Tokens, () => one.Run(data.Backend), onTheClock: true)],
            () => $"the documents of doc.reference, each {TeamCopies} times", 2);
    }

    /// <summary>Preset <c>paper</c> as it is timed.</summary>
    public static AlignmentOptions PaperOptions => AlignmentPreset.Paper with { MeasureSignal = false };

    /// <summary>Preset <c>fusion</c>: golden rows hold no log-sum-exp, so the mass is renormalised.</summary>
    public static AlignmentOptions FusionOptions => AlignmentPreset.Fusion with { MeasureSignal = false, Mass = MassRule.Renormalised };

    /// <summary>The same with costs and transport instead of bytes.</summary>
    public static AlignmentOptions TransportOptions => FusionOptions with { Projection = ProjectionRule.Top1 };

    /// <summary>The same with distances of embedded tokens for costs.</summary>
    public static AlignmentOptions EmbeddingOptions => TransportOptions with { Cost = CandidateCost.Embedding };

    /// <summary>Vectors as wide as those that are fitted unasked; which ones they are makes no difference to the time.</summary>
    public static BenchCase Embedding(BenchData data) => Preset(
        data, "doc.embedding", EmbeddingOptions, EmbeddingCases.WithVectors(data.Documents.WithOffsets), ("doc.transport", static _ => TransportOptions));

    public static BenchCase Transport(BenchData data) => Preset(data, "doc.transport", TransportOptions);

    public static BenchCase Paper(BenchData data) => Preset(data, "doc.paper", PaperOptions);

    public static BenchCase Fusion(BenchData data) => Preset(data, "doc.fusion", FusionOptions);

    /// <summary>Documents on which a backend agrees with another one; those that SPEC A5 refuses are left out.</summary>
    /// <exception cref="AlignmentDataException">An answer differs, or no document is left.</exception>
    public static BenchDocument[] Agreeing(
        string id, IKernelBackend backend, IKernelBackend other, IEnumerable<BenchDocument> documents, Func<BenchDocument, AlignmentOptions> options)
    {
        var agreeing = new List<BenchDocument>();
        var ties = new List<string>();
        foreach (BenchDocument document in documents)
        {
            AlignedDocument right;
            try
            {
                right = Align(other, document, options(document));
            }
            catch (AlignmentDataException)
            {
                continue;
            }

            ties.AddRange(Compare(id, Align(backend, document, options(document)), right, other.Name));
            agreeing.Add(document);
        }

        RequireFewTies(id, ties, agreeing);
        return agreeing.Count > 0 ? [.. agreeing] : throw new AlignmentDataException($"{id}: SPEC A5 refuses every document; name other golden files with --golden.");
    }

    /// <summary>A preset that no golden file covers: checked against the plain backend, and for what must hold of every row. Documents that SPEC A5 refuses are left out.</summary>
    private static BenchCase Preset(BenchData data, string id, AlignmentOptions options) => Preset(data, id, options, data.Documents.WithOffsets, ("doc.reference", static d => d.Options));

    private static BenchCase Preset(
        BenchData data, string id, AlignmentOptions options, BenchDocument[] documents, (string Id, Func<BenchDocument, AlignmentOptions> Options) peer)
    {
        var accepted = new List<BenchDocument>();
        var ties = new List<string>();
        foreach (BenchDocument document in documents)
        {
            AlignedDocument right;
            try
            {
                right = Align(new ReferenceBackend(), document, options);
            }
            catch (AlignmentDataException)
            {
                continue;
            }

            AlignedDocument ours = Align(data.Backend, document, options);
            RequireRows(id, ours);
            ties.AddRange(Compare(id, ours, right));
            accepted.Add(document);
        }

        if (accepted.Count == 0)
            throw new AlignmentDataException($"{id}: SPEC A5 refuses every document; name other golden files with --golden.");
        RequireFewTies(id, ties, accepted);
        int refused = documents.Length - accepted.Count;
        DocumentWork work = DocumentWork.Of(accepted, _ => options), other = DocumentWork.Of(accepted, peer.Options);
        return new BenchCase(
            id, "tokens/s", new PassLoop(data.Backend.Name, work.Tokens, () => work.Run(data.Backend)),
            () => [new PassLoop(peer.Id, other.Tokens, () => other.Run(data.Backend))],
            () => BenchDocuments.Describe(accepted) + data.Documents.OriginWithOffsets + (refused > 0 ? $"; {refused} that SPEC A5 refuses left out" : "") + Ties(ties) + work.Stages(),
            Limit: () => KernelLimits.Of(data.Backend)?.Documents(accepted, _ => options, data.Backend));
    }

    private static AlignedDocument Align(IKernelBackend backend, BenchDocument document, in AlignmentOptions options)
    {
        var aligned = new AlignedDocument[1];
        backend.AlignBatch([document.Pair], document.Vocabularies, options, aligned, new AlignmentReport());
        return aligned[0];
    }

    /// <summary>Transports converged, and what was transferred sums to 1.</summary>
    private static void RequireRows(string id, AlignedDocument aligned)
    {
        for (int i = 0; i < aligned.Rows; i++)
        {
            RowProvenance row = aligned[i];
            if (row.Transport is { Status: not TransportStatus.Converged } outcome)
                throw BenchData.Wrong(id, $"{aligned.Id} row {i}: the transport ended as {outcome.Status}");
            if (row.Transferred && !(Math.Abs(Sum(aligned.ValuesOf(i)) - 1) <= 1e-12))
                throw BenchData.Wrong(id, $"{aligned.Id} row {i} sums to {Sum(aligned.ValuesOf(i)):R}");
        }
    }

    /// <returns>Rows of the same rule whose columns or masses differ; a choice between equal columns moves a whole mass, so what is small is an error.</returns>
    private static List<string> Compare(string id, AlignedDocument aligned, AlignedDocument expected, string other = "plain")
    {
        if (aligned.Rows != expected.Rows)
            throw BenchData.Wrong(id, $"{aligned.Id} has {aligned.Rows} rows, expected {expected.Rows}");
        var ties = new List<string>();
        for (int i = 0; i < aligned.Rows; i++)
        {
            double difference = Difference(aligned, expected, i);
            if (difference <= Agreement)
                continue;
            if (aligned[i].Rule != expected[i].Rule || difference < 1e-5)
                throw BenchData.Wrong(id, $"{aligned.Id} row {i} differs from the {other} backend's by {difference:G3}");
            ties.Add($"{aligned.Id} row {i} has {Row(aligned, i)}, expected {Row(expected, i)}");
        }

        return ties;

        static string Row(AlignedDocument document, int i) =>
            string.Join(" ", document.IndicesOf(i).ToArray().Zip(document.ValuesOf(i).ToArray(), static (t, v) => FormattableString.Invariant($"{t}:{v:G9}")));
    }

    /// <summary>Between two distributions: tokens of equal mass may stand in either order. Infinite where their tokens differ.</summary>
    private static double Difference(AlignedDocument aligned, AlignedDocument expected, int row)
    {
        (int[] ids, double[] values) = ById(aligned);
        (int[] expectedIds, double[] expectedValues) = ById(expected);
        return ids.AsSpan().SequenceEqual(expectedIds) ? GoldenJson.Difference(values, expectedValues) : double.PositiveInfinity;

        (int[], double[]) ById(AlignedDocument document)
        {
            int[] keys = document.IndicesOf(row).ToArray();
            double[] items = document.ValuesOf(row).ToArray();
            Array.Sort(keys, items);
            return (keys, items);
        }
    }

    private static void RequireFewTies(string id, List<string> ties, IEnumerable<BenchDocument> documents)
    {
        int rows = documents.Sum(static d => d.Pair.Target.Length);
        if (ties.Count > AllowedTies * rows)
            throw BenchData.Wrong(id, $"{ties.Count} of {rows} rows differ from the plain backend's, 0.2 % may differ by a tie; {ties[0]}");
    }

    private static string Ties(List<string> ties) => ties.Count > 0 ? $"; {ties.Count} rows differ by a tie" : "";

    private static double Sum(ReadOnlySpan<double> values)
    {
        double sum = 0;
        foreach (double value in values)
            sum += value;
        return sum;
    }
}
