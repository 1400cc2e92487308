using System.Text.Json;
using PtaKernels.Cli.Verify;
using PtaKernels.Corpus;
using PtaKernels.Rules;

namespace PtaKernels.Cli.Bench;

/// <summary>A document of one or more golden documents, with the official run's options.</summary>
internal sealed record BenchDocument(DocumentPair Pair, VocabularyPair Vocabularies, string SourceName, string TargetName, AlignmentOptions Options)
{
    /// <summary>Tokens of the longer side.</summary>
    public int Longest => Math.Max(Pair.Source.Length, Pair.Target.Length);
}

/// <summary>Long real documents: those of a golden folder where it has them, else the repository's samples and short golden documents joined end to end.</summary>
/// <param name="Documents">In the order of vocabulary pairs.</param>
/// <param name="WithOffsets">Those for presets that read byte offsets: the same, or joined only from documents whose two texts agree, with their spans.</param>
/// <param name="Joined">Documents they were joined from; 0 = none was joined.</param>
/// <param name="LeftOut">Documents whose two texts differ.</param>
internal sealed record BenchDocuments(BenchDocument[] Documents, BenchDocument[] WithOffsets, int Joined, int LeftOut)
{
    /// <summary>Where the official code cuts, and so the most tokens of one side.</summary>
    private const int MostTokens = 2048;

    /// <summary>Tokens of the longer side from which a document counts as long.</summary>
    private const int LongTokens = 1000;

    /// <summary>A folder with this many long documents is taken as it is.</summary>
    private const int EnoughLongOnes = 8;

    private const double AllowedTies = 0.002;

    private static readonly AlignmentOptions Official = AlignmentPreset.Reference with { MeasureSignal = false };

    private static readonly string[] SampleSources = ["gpt2", "spB"];

    /// <summary>Checks the backend's answers on golden documents, then takes the long ones or joins all but those with NaN in their logits.</summary>
    /// <exception cref="AlignmentDataException">An answer is wrong, or nothing is left.</exception>
    public static BenchDocuments Load(BenchData data, string id)
    {
        JsonElement[] rows = [.. data.Rows("align").Where(static r => r.GetProperty("mode").GetString() != "nan")];
        JsonElement[] longOnes = [.. rows.Where(static r => r.GetProperty("mode").GetString() == "default"
            && Math.Max(r.GetProperty("source_ids").GetArrayLength(), r.GetProperty("target_ids").GetArrayLength()) >= LongTokens)];
        if (longOnes.Length >= EnoughLongOnes)
        {
            BenchDocument[] taken = Checked(data, id, longOnes);
            return new BenchDocuments(taken, taken, 0, 0);
        }

        BenchDocument[] golden = Checked(data, id, rows);
        var pieces = SampleSources.SelectMany(source => Samples(data, source)).ToList();
        pieces.AddRange(golden.Where(g => !pieces.Exists(p => p.Vocabularies == g.Vocabularies)));
        BenchDocument[] equal = [.. pieces.Select(WithSpans).OfType<BenchDocument>()], all = LongOnes(pieces), withOffsets = LongOnes(equal);
        return withOffsets.Length > 0
            ? new BenchDocuments(all, withOffsets, pieces.Count, pieces.Count - equal.Length)
            : throw new AlignmentDataException($"{id}: all documents together are shorter than {LongTokens} tokens; name other golden files with --golden.");
    }

    /// <summary>The repository's samples as GPT-2 and spA saw them, with their spans, but for those whose two texts differ; empty outside the repository.</summary>
    public static BenchDocument[] SamplesWithSpans(BenchData data) =>
        data.Share("samples with spans", () => Samples(data, SampleSources[0]).Select(WithSpans).OfType<BenchDocument>().ToArray());

    private static BenchDocument[] LongOnes(IEnumerable<BenchDocument> pieces) =>
        [.. pieces.GroupBy(static d => d.Vocabularies).SelectMany(static g => InRuns([.. g])).Select(Join).Where(static d => d.Longest >= LongTokens)];

    /// <summary>Golden documents on which the backend gives the official answers; those without vocabulary are left out.</summary>
    private static BenchDocument[] Checked(BenchData data, string id, JsonElement[] rows)
    {
        var check = new AlignCheck(data.Golden);
        var results = new GoldenResult[rows.Length];
        Parallel.For(0, rows.Length, r => results[r] = check.Check(rows[r]));
        JsonElement[] passed = [.. rows.Zip(results).Where(r => BenchData.Require(id, r.Second)).Select(static r => r.First)];
        long ties = results.Sum(static r => (long)r.Ties), steps = results.Sum(static r => (long)r.Steps);
        if (ties > AllowedTies * steps)
            throw BenchData.Wrong(id, $"{ties} of {steps} rows differ by an argmax tie, 0.2 % allowed");
        if (passed.Length == 0)
            throw new AlignmentDataException(results.Length > 0 ? results[0].Message + "." : $"{id}: no golden document has the default options.");
        return [.. passed.Select(row =>
        {
            string source = row.GetProperty("source").GetString()!, target = row.GetProperty("target").GetString()!;
            return new BenchDocument(AlignCheck.DocumentsOf(row), data.Pair(source, target), source, target, Official);
        })];
    }

    /// <summary>The repository's samples as one source and the target saw them; none where they or their vocabularies are missing.</summary>
    private static IEnumerable<BenchDocument> Samples(BenchData data, string source)
    {
        const string Target = "spA";
        string folder = Path.Combine(RepositoryFolder.Find() ?? ".", "samples");
        string[] paths = [Path.Combine(folder, source + ".jsonl.gz"), Path.Combine(folder, Target + ".jsonl.gz")];
        if (!paths.All(File.Exists) || data.Golden.Vocabularies.FindPair(source, Target) is not { } pair)
            return [];
        return JsonLines.Read(paths[0]).Zip(JsonLines.Read(paths[1]), (s, t) =>
            new BenchDocument(new DocumentPair(s, t), pair, source, Target, Official));
    }

    /// <summary>Runs of neighbours, each as long as neither side goes over <see cref="MostTokens"/>.</summary>
    private static List<BenchDocument[]> InRuns(BenchDocument[] documents)
    {
        var runs = new List<BenchDocument[]>();
        int begin = 0;
        for (int end = 1; end <= documents.Length; end++)
        {
            if (end < documents.Length && Join(documents[begin..(end + 1)]).Longest <= MostTokens)
                continue;
            runs.Add(documents[begin..end]);
            begin = end;
        }

        return runs;
    }

    /// <summary>What the documents are, for a case's note.</summary>
    public static string Describe(IReadOnlyCollection<BenchDocument> documents) =>
        FormattableString.Invariant($"{documents.Count} documents, {documents.Sum(static d => d.Pair.Target.Length)} target tokens, longest {documents.Max(static d => d.Longest)}");

    /// <summary>Where they come from, for a case's note.</summary>
    public string Origin => Joined > 0 ? $", joined from {Joined}" : "";

    /// <summary>The same of <see cref="WithOffsets"/>.</summary>
    public string OriginWithOffsets => Joined > 0 ? $", joined from {Joined - LeftOut}" + (LeftOut > 0 ? $"; {LeftOut} whose two texts differ left out" : "") : "";

    /// <summary>The document with the byte spans that its ids imply, or null when the two decoded texts differ.</summary>
    private static BenchDocument? WithSpans(BenchDocument document)
    {
        DocumentSpans source = DocumentSpans.Of(document.Pair.Source, document.Vocabularies.Source), target = DocumentSpans.Of(document.Pair.Target, document.Vocabularies.Target);
        return source.Text.AsSpan().SequenceEqual(target.Text)
            ? document with { Pair = new DocumentPair(With(document.Pair.Source, source), With(document.Pair.Target, target)) }
            : null;
    }

    private static TokenizedDocument With(TokenizedDocument view, DocumentSpans spans) => new()
    {
        Id = view.Id,
        Ids = view.Ids,
        Candidates = view.Candidates,
        Spans = [.. Enumerable.Range(0, spans.Length).Select(t => spans[t])],
    };

    /// <summary>Documents of one pair end to end: ids, candidates and, where they have them, spans one after the other.</summary>
    private static BenchDocument Join(BenchDocument[] parts)
    {
        int[]? starts = parts[0].Pair.Target.Spans is null ? null : new int[parts.Length + 1];
        for (int p = 0; starts is not null && p < parts.Length; p++)
            starts[p + 1] = starts[p] + parts[p].Pair.Target.Spans!.Concat(parts[p].Pair.Source.Spans!).Max(static s => s.End);
        return parts[0] with { Pair = new DocumentPair(View(static p => p.Source), View(static p => p.Target)) };

        TokenizedDocument View(Func<DocumentPair, TokenizedDocument> side)
        {
            TokenizedDocument[] views = [.. parts.Select(p => side(p.Pair))];
            if (views.Length == 1)
                return views[0];
            return new TokenizedDocument
            {
                Id = views[0].Id + "+",
                Ids = [.. views.SelectMany(static v => v.Ids)],
                Candidates = new TopKLogits([.. views.SelectMany(static v => v.Candidates.Indices)], [.. views.SelectMany(static v => v.Candidates.Values)], views[0].Candidates.K),
                Spans = starts is null ? null : [.. views.SelectMany((v, p) => v.Spans!.Select(s => (s.Start + starts[p], s.End + starts[p])))],
            };
        }
    }
}
