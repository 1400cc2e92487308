using PtaKernels.Alignment;
using PtaKernels.Corpus;
using static TorchSharp.torch;

namespace PtaKernels.Training.Tests.Capture;

/// <summary>Captures of three tokenizers' models are what the presets align, pack and train on.</summary>
public sealed class CaptureToStudentTests
{
    [Test]
    public void EveryPresetTrainsOnCaptures([Values("reference", "paper", "fusion")] string preset)
    {
        using var folder = new CaptureFolder(documents: 12);
        ToyEncoder[] encoders =
        [
            ToyEncoder.Of("target", ["the", " the", " cat", " sat", " on", " a", " mat", "ing"]), ToyEncoder.Of("first", [" th", "e", " ca", " ma", "t", " and", " zebra"]), ToyEncoder.Of("second", ["the c", "at", " s", "ran", "😀"]),
        ];
        for (int m = 0; m < encoders.Length; m++)
        {
            string name = encoders[m].Vocabulary.Name;
            new CaptureRun
            {
                ModelPath = folder.Model("model-" + name, encoders[m], padding: m, seed: (ulong)m + 1), Encoder = encoders[m], InputPath = folder["corpus.jsonl"], OutputPath = folder[name], DomainField = "domain", ShardTokens = 300,
            }.Run(CancellationToken.None);
        }

        var notices = new List<string>();
        AlignmentRunReport aligned = new AlignmentRun
        {
            TargetDocuments = DocumentFiles.Open(folder["target"]), Target = encoders[0].Vocabulary, SourceDocuments = [DocumentFiles.Open(folder["first"]), DocumentFiles.Open(folder["second"])],
            Sources = [.. encoders[1..].Select(e => new AlignmentSource(e.Vocabulary.Name, new VocabularyPair(e.Vocabulary, encoders[0].Vocabulary) { TargetEncoder = encoders[0] }))],
            OutputPath = folder["aligned"], Notice = notices.Add, Selection = new DocumentSelection { Where = ("domain", "even") },
        }.Run(Backends.Backends.Open("native"), AlignmentPreset.Named(preset), CancellationToken.None);
        Assert.That(aligned.Documents, Is.EqualTo(6));
        if (preset != "reference")
            Assert.That(notices, Has.One.Contains("source order by bits per byte"), "the captures hold cross-entropies");
        new PackingRun { InputPath = folder["aligned"], OutputPath = folder["packed"], Length = 64, Official = preset == "reference" }.Run(CancellationToken.None);
        if (preset != "reference")
            Assert.That(PackedDataset.Open(folder["packed"])[0].Documents, Is.SubsetOf(new[] { "d0", "d2", "d4", "d6", "d8", "d10" }), "documents keep their names");
        StepRecord last = new FusionTrainer(new TrainingOptions
        {
            Model = folder["model-target"], Data = folder["packed"], Output = folder["run"], Compute = ScalarType.Float32, MaxSteps = 1, Batch = 1, Accumulation = 2,
        }).Run(CancellationToken.None)!;
        Assert.That(last.Fusion, Is.Not.Null.And.GreaterThan(0));
    }

    [Test]
    public void CapturesOfDifferentDocumentsAreNotAligned()
    {
        using var folder = new CaptureFolder(documents: 4);
        string[] lines = File.ReadAllLines(folder["corpus.jsonl"]);
        folder.Run("target").Run(CancellationToken.None);
        File.WriteAllLines(folder["corpus.jsonl"], lines.Reverse());
        folder.Run("source").Run(CancellationToken.None);
        var run = new AlignmentRun
        {
            TargetDocuments = DocumentFiles.Open(folder["target"]), Target = folder.Encoder.Vocabulary, SourceDocuments = [DocumentFiles.Open(folder["source"])],
            Sources = [new AlignmentSource("toy", new VocabularyPair(folder.Encoder.Vocabulary, folder.Encoder.Vocabulary))], OutputPath = folder["aligned"],
        };
        Assert.That(() => run.Run(Backends.Backends.Open("native"), AlignmentPreset.Named("paper"), CancellationToken.None), Throws.TypeOf<AlignmentDataException>().With.Message.Contains("document d3").And.Message.Contains("has d0 there"));
    }
}
