using PtaKernels.Cli.Bench;
using PtaKernels.Native;
using PtaKernels.Reference;

namespace PtaKernels.Scaling;

/// <summary>Length: alignment paths, the pairing stage, and whole documents, of one real text cut into documents of so many tokens.</summary>
internal sealed class LengthSweeps(NativeBackend backend, KernelLimits? limits, RealTexts texts, Sizes sizes)
{
    /// <summary>Exponents are those of documents from this length on: below it calls cost as much as documents.</summary>
    private const int FitFrom = 1024;

    /// <summary>Short documents are passed over together.</summary>
    private const int TokensOfPass = 8192;

    /// <summary>Alignment paths from ids and the costs of their distinct tokens.</summary>
    public SweepChart Paths()
    {
        var real = new List<SweepPoint>();
        var shuffled = new List<SweepPoint>();
        var plain = new List<SweepPoint>();
        foreach (int length in sizes.Lengths)
        {
            DocumentPair[] documents = Documents(length);
            PathWork work = PathWork.Of(documents, texts.Pair, random: null), mixed = PathWork.Of(documents, texts.Pair, new Random(length));
            work.Require(backend, plain: length <= sizes.LongestPlain);
            mixed.Require(backend, plain: length <= sizes.LongestPlain);
            real.Add(new SweepPoint(work.MeanLength, work.MeanLength, work.Loop(backend), work.Limit(limits)));
            shuffled.Add(new SweepPoint(mixed.MeanLength, mixed.MeanLength, mixed.Loop(backend), mixed.Limit(limits)));
            if (length <= sizes.LongestPlain)
                plain.Add(new SweepPoint(work.MeanLength, work.MeanLength, work.First().Loop(new ReferenceBackend())));
        }

        const string Cost = "seconds of a document", Check = "the plain backend's steps, and a least sum found cell by cell";
        return new SweepChart("path", "Alignment paths", "target tokens of a document", "target tokens/s",
        [
            new Sweep("native", Cost, Check, real, From), new Sweep("native, tokens shuffled", Cost, Check, shuffled, From), new Sweep("plain backend", Cost, "itself", plain, From / 8),
        ]);
    }

    /// <summary>The pairing stage alone: what the backend's own report says of it.</summary>
    public SweepChart Pairing()
    {
        (string Name, string Preset)[] ways = [("dtw-strings", "reference"), ("dtw-texts", "paper"), ("byte-offsets", "fusion")];
        return new SweepChart("pairing", "Pairing of tokens", "target tokens of a document", "target tokens/s", [.. ways.Select(way =>
        {
            AlignmentOptions options = DocumentWorks.Presets.First(p => p.Name == way.Preset).Options;
            return new Sweep($"{way.Name} (preset {way.Preset})", "seconds of a document", "as whole documents", [.. sizes.Lengths.Select(length =>
            {
                BenchDocument[] documents = DocumentWorks.Of(texts.Pair, Documents(length), options);
                double tokens = DocumentWorks.TokensOf(documents);
                return new SweepPoint(tokens / documents.Length, tokens / documents.Length, new StageLoop("native", tokens, AlignmentStage.Pairing, DocumentWorks.Pass(backend, documents)));
            })], From);
        })]);
    }

    /// <summary>Whole documents through the presets.</summary>
    public SweepChart WholeDocuments() => new("documents", "Whole documents", "target tokens of a document", "target tokens/s", [.. DocumentWorks.Presets.Select(preset =>
        new Sweep(preset.Name, "seconds of a document", $"the plain backend up to {sizes.LongestPlain} tokens, transports and sums of every row", [.. sizes.Lengths.Select(length =>
        {
            BenchDocument[] documents = DocumentWorks.Of(texts.Pair, Documents(length), preset.Options);
            if (length <= sizes.LongestPlain)
                DocumentWorks.RequirePlain("documents", backend, [documents[0]]);
            DocumentWorks.RequireRows("documents", backend, documents);
            double each = DocumentWorks.TokensOf(documents) / documents.Length;
            return new SweepPoint(each, each, DocumentWorks.Loop(backend, documents), () => limits?.Documents(documents, static d => d.Options, backend));
        })], From))]);

    private int From => Math.Min(FitFrom, sizes.Lengths[^2]);

    private DocumentPair[] Documents(int length) => [.. texts.Documents(length, Math.Max(1, Math.Min(TokensOfPass, sizes.Lengths[^1]) / length))];
}
