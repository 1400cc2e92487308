using System.Text.Json;
using PtaKernels.Cli.Verify;
using PtaKernels.Reference;

namespace PtaKernels.Cli.Bench;

/// <summary>doc.*: whole golden documents in memory through one preset.</summary>
internal static class DocumentCases
{
    /// <summary>Tokens per second of the official code on documents of about 1,600 tokens, where golden rows carry no seconds of their own.</summary>
    private const double OfficialRate = 350;

    /// <summary>Fused distributions of two backends agree to this (SPEC A4).</summary>
    private const double Agreement = 1e-8;

    private const double AllowedTies = 0.002;

    public static BenchCase Reference(BenchData data)
    {
        const string Id = "doc.reference";
        List<Document> documents = Load(data, Id, out int skipped);
        DocumentWork work = DocumentWork.Of(documents, static d => d.Options);
        return new BenchCase(
            Id, "tokens/s", new PassLoop(data.Backend.Name, work.Tokens, () => work.Run(data.Backend)), data.PythonFor("document") ?? Recorded(documents),
            () => Describe(documents, refused: 0, skipped) + work.Stages());
    }

    public static BenchCase Paper(BenchData data) => Preset(data, "doc.paper", AlignmentPreset.Paper with { MeasureSignal = false });

    /// <summary>Golden rows hold no log-sum-exp, so the mass is renormalised.</summary>
    public static BenchCase Fusion(BenchData data) =>
        Preset(data, "doc.fusion", AlignmentPreset.Fusion with { MeasureSignal = false, Mass = MassRule.Renormalised });

    /// <summary>A preset that no golden file covers: checked against the plain backend, and for what must hold of every row. Documents that SPEC A5 refuses are left out.</summary>
    private static BenchCase Preset(BenchData data, string id, AlignmentOptions options)
    {
        List<Document> documents = Load(data, "doc.reference", out int skipped);
        int refused = documents.RemoveAll(d => !Check(data.Backend, id, d, options));
        DocumentWork work = DocumentWork.Of(documents, _ => options), reference = DocumentWork.Of(documents, static d => d.Options);
        return new BenchCase(
            id, "tokens/s", new PassLoop(data.Backend.Name, work.Tokens, () => work.Run(data.Backend)),
            new PassLoop("doc.reference", reference.Tokens, () => reference.Run(data.Backend)), () => Describe(documents, refused, skipped) + work.Stages());
    }

    /// <summary>Golden documents whose three official outputs the backend reproduces.</summary>
    private static List<Document> Load(BenchData data, string id, out int skipped)
    {
        var check = new AlignCheck(data.Golden);
        JsonElement[] rows = [.. data.Rows("align")];
        var results = new GoldenResult[rows.Length];
        Parallel.For(0, rows.Length, r => results[r] = check.Check(rows[r]));
        var documents = new List<Document>();
        foreach ((int r, JsonElement row) in rows.Index())
        {
            if (!BenchData.Require(id, results[r]))
                continue;
            VocabularyPair pair = check.FindPair(row.GetProperty("source").GetString()!, row.GetProperty("target").GetString()!)!;
            documents.Add(new Document(AlignCheck.DocumentsOf(row), pair, AlignCheck.OptionsOf(row), OfficialSeconds(row)));
        }

        long ties = results.Sum(static r => (long)r.Ties), steps = results.Sum(static r => (long)r.Steps);
        if (ties > AllowedTies * steps)
            throw BenchData.Wrong(id, $"{ties} of {steps} rows differ by an argmax tie, 0.2 % allowed");
        skipped = rows.Length - documents.Count;
        return documents.Count > 0 ? documents : throw new AlignmentDataException(results[0].Message + ".");
    }

    /// <returns>False when the document is bad input of SPEC A5.</returns>
    private static bool Check(IKernelBackend backend, string id, Document document, in AlignmentOptions options)
    {
        AlignedDocument[] aligned = new AlignedDocument[1], expected = new AlignedDocument[1];
        try
        {
            new ReferenceBackend().AlignBatch([document.Pair], document.Vocabularies, options, expected, new AlignmentReport());
        }
        catch (AlignmentDataException)
        {
            return false;
        }

        backend.AlignBatch([document.Pair], document.Vocabularies, options, aligned, new AlignmentReport());
        string name = document.Pair.Target.Id;
        if (aligned[0].Rows != expected[0].Rows)
            throw BenchData.Wrong(id, $"{name} has {aligned[0].Rows} rows, expected {expected[0].Rows}");
        for (int i = 0; i < aligned[0].Rows; i++)
        {
            RowProvenance row = aligned[0][i];
            if (row.Transport is { Status: not TransportStatus.Converged } outcome)
                throw BenchData.Wrong(id, $"{name} row {i}: the transport ended as {outcome.Status}");
            if (row.Transferred && !(Math.Abs(Sum(aligned[0].ValuesOf(i)) - 1) <= 1e-12))
                throw BenchData.Wrong(id, $"{name} row {i} sums to {Sum(aligned[0].ValuesOf(i)):R}");
            double difference = row.Rule == expected[0][i].Rule && aligned[0].IndicesOf(i).SequenceEqual(expected[0].IndicesOf(i))
                ? GoldenJson.Difference(aligned[0].ValuesOf(i), expected[0].ValuesOf(i))
                : double.PositiveInfinity;
            if (!(difference <= Agreement))
                throw BenchData.Wrong(id, $"{name} row {i} differs from the plain backend's by {difference:G3}");
        }

        return true;
    }

    private static double Sum(ReadOnlySpan<double> values)
    {
        double sum = 0;
        foreach (double value in values)
            sum += value;
        return sum;
    }

    /// <summary>Seconds of the official code on a row's document: pairing and transport; NaN where the row does not say.</summary>
    private static double OfficialSeconds(JsonElement row) =>
        row.TryGetProperty("seconds", out JsonElement s) && s.TryGetProperty("dtw", out JsonElement dtw) && s.TryGetProperty("ot_rest", out JsonElement rest)
            ? dtw.GetDouble() + rest.GetDouble()
            : double.NaN;

    private static RecordedRate Recorded(List<Document> documents)
    {
        double seconds = documents.Sum(static d => d.OfficialSeconds);
        return double.IsNaN(seconds)
            ? new RecordedRate("official code, constant", OfficialRate)
            : new RecordedRate("official code, recorded", documents.Sum(static d => (double)d.Pair.Target.Length) / seconds);
    }

    private static string Describe(List<Document> documents, int refused, int skipped) =>
        $"{documents.Count} documents, {documents.Sum(static d => d.Pair.Target.Length)} target tokens, longest {documents.Max(static d => d.Pair.Target.Length)}"
        + (refused > 0 ? $"; {refused} that SPEC A5 refuses left out" : "") + (skipped > 0 ? $"; {skipped} without vocabulary left out" : "");

    private sealed record Document(DocumentPair Pair, VocabularyPair Vocabularies, AlignmentOptions Options, double OfficialSeconds);

    /// <summary>Documents in batches of one vocabulary pair and one set of options.</summary>
    private sealed class DocumentWork
    {
        private readonly List<(VocabularyPair Vocabularies, AlignmentOptions Options, DocumentPair[] Documents, AlignedDocument[] Aligned)> _batches = [];

        private readonly AlignmentReport _report = new();

        public long Tokens { get; private set; }

        public static DocumentWork Of(IEnumerable<Document> documents, Func<Document, AlignmentOptions> options)
        {
            var work = new DocumentWork();
            foreach (IGrouping<(VocabularyPair Vocabularies, AlignmentOptions Options), Document> batch in documents.GroupBy(d => (d.Vocabularies, options(d))))
            {
                DocumentPair[] pairs = [.. batch.Select(static d => d.Pair)];
                work._batches.Add((batch.Key.Vocabularies, batch.Key.Options, pairs, new AlignedDocument[pairs.Length]));
                work.Tokens += pairs.Sum(static p => (long)p.Target.Length);
            }

            return work;
        }

        public void Run(IKernelBackend backend)
        {
            foreach ((VocabularyPair vocabularies, AlignmentOptions options, DocumentPair[] documents, AlignedDocument[] aligned) in _batches)
                backend.AlignBatch(documents, vocabularies, options, aligned, _report);
        }

        /// <summary>Where the time went, where the backend says.</summary>
        public string Stages()
        {
            AlignmentStage[] stages = Enum.GetValues<AlignmentStage>();
            double all = stages.Sum(_report.SecondsOf);
            return all == 0 ? "" : "; " + string.Join(", ", stages.Select(s => FormattableString.Invariant($"{s.ToString().ToLowerInvariant()} {_report.SecondsOf(s) / all:P0}")));
        }
    }
}
