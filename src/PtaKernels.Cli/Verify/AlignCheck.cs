using System.Collections.Concurrent;
using System.Text.Json;
using PtaKernels.Rules;
using PtaKernels.Text;

namespace PtaKernels.Cli.Verify;

/// <summary>align: whole documents through FuseLLM hard, FuseLLM soft and the official transport, with the kind of every step.</summary>
internal sealed class AlignCheck(GoldenContext context) : GoldenCheck(context)
{
    /// <summary>Two plan entries this close are one maximum for NumPy's exp and libm's (SPEC A4).</summary>
    public const int TieUlps = 8;

    private const double ValueTolerance = 1e-9;

    private readonly ConcurrentDictionary<(string, string), Lazy<VocabularyPair?>> _pairs = new();

    public override GoldenResult Check(JsonElement row)
    {
        string source = row.GetProperty("source").GetString()!, target = row.GetProperty("target").GetString()!;
        if (FindPair(source, target) is not { } vocabularies)
            return GoldenResult.Skip($"needs the vocabularies {source} and {target} in {Context.Vocabularies.Folder}");
        string id = row.GetProperty("id").GetString()!;
        DocumentPair pair = DocumentsOf(row);
        AlignmentOptions reference = OptionsOf(row);
        AlignedDocument hard = Align(pair, vocabularies, reference with { Transfer = TransferRule.StringHard, Transport = TransportKind.None });
        AlignedDocument soft = Align(pair, vocabularies, reference with { Transport = TransportKind.None });
        AlignedDocument transported = Align(pair, vocabularies, reference);
        string kinds = string.Concat(Enumerable.Range(0, transported.Rows).Select(i => transported[i].Letter));
        string expectedKinds = row.GetProperty("step_kind").GetString()!;
        if (kinds != expectedKinds)
            return GoldenResult.Fail($"{id}: step kinds {kinds}, expected {expectedKinds}");
        int ties = 0;
        string? difference = Difference(hard, row.GetProperty("hard"), "hard") ?? Difference(soft, row.GetProperty("soft"), "soft")
            ?? Difference(transported, row.GetProperty("ot"), "ot", i => IsTie(pair, vocabularies, reference, transported[i], i, row.GetProperty("ot")), () => ties++);
        return difference is null ? new GoldenResult(GoldenVerdict.Passed, "", ties, transported.Rows) : GoldenResult.Fail($"{id}: {difference}");
    }

    /// <summary>Both views of a row's document.</summary>
    public static DocumentPair DocumentsOf(JsonElement row)
    {
        string id = row.GetProperty("id").GetString()!;
        return new DocumentPair(Document(row, "source", id), Document(row, "target", id));
    }

    /// <summary>Preset <c>reference</c> with what the official run of a row was given.</summary>
    public static AlignmentOptions OptionsOf(JsonElement row) => AlignmentPreset.Reference with
    {
        MeasureSignal = false,
        Window = row.GetProperty("logits_number").GetInt32(),
        Tolerance = row.GetProperty("epsilon").GetDouble(),
        Epsilon = 1 / row.GetProperty("lambda").GetDouble(),
    };

    /// <summary>The vocabularies with the folder's own mapping file, which is what the official run was given; without one, the map is searched.</summary>
    public VocabularyPair? FindPair(string source, string target) => _pairs.GetOrAdd((source, target), names => new Lazy<VocabularyPair?>(() =>
    {
        string stem = Path.Combine(Context.Folder, $"align_mapping.{names.Item1}-{names.Item2}.json");
        string? path = new[] { stem + ".gz", stem }.FirstOrDefault(File.Exists);
        return path is null || Context.Vocabularies.Find(names.Item1) is not { } s || Context.Vocabularies.Find(names.Item2) is not { } t
            ? Context.Vocabularies.FindPair(names.Item1, names.Item2)
            : VocabularyPair.OfTokens(s, t, OfficialMapping.ToMap(OfficialMapping.Read(path), s, t));
    })).Value;

    /// <summary>Whether the expected row follows from our plan when rows with several maxima within <see cref="TieUlps"/> may choose any of them.</summary>
    private bool IsTie(DocumentPair pair, VocabularyPair vocabularies, in AlignmentOptions options, in RowProvenance row, int position, JsonElement expected)
    {
        if (row.Rule != RowRule.StringTransport)
            return false;
        vocabularies.Official.Map.Resolve(Backend, pair.Source.Candidates.IndicesOf(row.SourceRow).ToArray());
        var mapped = new MappedCandidates();
        mapped.Collect(pair.Source, vocabularies, row.SourceRow, soft: true);
        int n = options.Window;
        double[] a = new double[n], b = new double[n], plan = new double[n * n];
        RowMass.Of(pair.Source, row.SourceRow, options, a);
        RowMass.Of(pair.Target, position, options, b);
        byte[] cost = new byte[n * n];
        int[] columns = pair.Target.Candidates.IndicesOf(position)[..n].ToArray();
        OfficialStrings strings = vocabularies.Official;
        Backend.ComputeCostMatrices(strings.TargetWithoutSourceMarker, mapped.Tokens[..n], strings.TargetStripped, columns, n, n, cost);
        var outcome = new TransportOutcome[1];
        Backend.SolveTransport(
            new CostMatrix<byte>(cost, 1, n, n), new Marginals(a, b), options.TransportOptions, new TransportPlan(plan, [], [], 1, n, n), outcome);
        int[] ids = GoldenJson.Integers(expected.GetProperty("indices")[position]);
        double[] values = GoldenJson.Numbers(expected.GetProperty("logits")[position]);
        return Reaches(plan, columns, 0, new FusedRow(), ids, values);
    }

    private static bool Reaches(double[] plan, int[] columns, int i, FusedRow soFar, int[] ids, double[] values)
    {
        int n = columns.Length;
        if (i == n)
            return soFar.Tokens.SequenceEqual(ids) && GoldenJson.Difference(soFar.Masses, values) <= ValueTolerance;
        ReadOnlySpan<double> row = plan.AsSpan(i * n, n);
        double max = row.ToArray().Max();
        for (int j = 0; j < n; j++)
        {
            if (Math.Abs(BitConverter.DoubleToInt64Bits(max) - BitConverter.DoubleToInt64Bits(row[j])) > TieUlps)
                continue;
            var next = new FusedRow();
            for (int t = 0; t < soFar.Tokens.Length; t++)
                next.Add(soFar.Tokens[t], soFar.Masses[t]);
            next.Add(columns[j], row[j]);
            if (Reaches(plan, columns, i + 1, next, ids, values))
                return true;
        }

        return false;
    }

    private AlignedDocument Align(DocumentPair pair, VocabularyPair vocabularies, in AlignmentOptions options)
    {
        var aligned = new AlignedDocument[1];
        Backend.AlignBatch([pair], vocabularies, options, aligned, new AlignmentReport());
        return aligned[0];
    }

    private static string? Difference(AlignedDocument actual, JsonElement expected, string name, Func<int, bool>? isTie = null, Action? countTie = null)
    {
        int[][] indices = GoldenJson.IntegerRows(expected.GetProperty("indices"));
        double[][] values = GoldenJson.NumberRows(expected.GetProperty("logits"));
        if (actual.Rows != indices.Length)
            return $"{name} has {actual.Rows} rows, expected {indices.Length}";
        for (int i = 0; i < indices.Length; i++)
        {
            bool sameIds = actual.IndicesOf(i).SequenceEqual(indices[i]);
            double difference = sameIds ? GoldenJson.Difference(actual.ValuesOf(i), values[i]) : double.PositiveInfinity;
            if (difference <= ValueTolerance)
                continue;
            if (isTie?.Invoke(i) == true)
                countTie?.Invoke();
            else if (!sameIds)
                return $"{name} row {i} ({actual[i].Letter}) has the ids [{string.Join(", ", actual.IndicesOf(i).ToArray())}], expected [{string.Join(", ", indices[i])}]";
            else
                return $"{name} row {i} ({actual[i].Letter}) differs by {difference:G3}, allowed {ValueTolerance:G1}";
        }

        return null;
    }

    private static TokenizedDocument Document(JsonElement row, string side, string id)
    {
        int[][] indices = GoldenJson.IntegerRows(row.GetProperty(side + "_indices"));
        double[][] values = GoldenJson.NumberRows(row.GetProperty(side + "_logits"));
        return new TokenizedDocument
        {
            Id = id,
            Ids = GoldenJson.Integers(row.GetProperty(side + "_ids")),
            Candidates = new TopKLogits([.. indices.SelectMany(static r => r)], [.. values.SelectMany(static r => r)], indices[0].Length),
        };
    }
}
