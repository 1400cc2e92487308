using PtaKernels.Pipeline;

namespace PtaKernels.Training.Tests.Pipeline;

/// <summary>The whole run on three tiny models with three real tokenizers.</summary>
public sealed class FuseRunTests
{
    private TinyFusion _fusion = null!;

    [OneTimeSetUp]
    public void MakeModels() => _fusion = new TinyFusion();

    [OneTimeTearDown]
    public void RemoveModels() => _fusion.Dispose();

    [Test]
    public void EveryStageRunsOnceAndAChangeRunsWhatDependsOnIt()
    {
        FuseConfig config = Config("all") with { Students = [new() { Name = "ours", Preset = "fusion" }, new() { Name = "published", Preset = "paper" }, new() { Name = "official", Preset = "reference" }, new() { Name = "bytes", Preset = "fusion", Switches = new Dictionary<string, string> { ["projection"] = "byte" } }], Control = "clm" };
        var first = new RecordedProgress();
        FuseOutcome outcome = Run(config, first);
        Assert.That(outcome.Students.Select(static s => s.Student.Name), Is.EqualTo(new[] { "ours", "published", "official", "bytes", "clm", "clm-official" }));
        foreach (StudentOutcome student in outcome.Students)
        {
            Assert.That(student.Scores!.Documents, Has.Length.EqualTo(12));
            Assert.That(DomainScore.Of(student.Scores.Of(null)).BitsPerByte, Is.LessThan(DomainScore.Of(outcome.Before!.Of(null)).BitsPerByte), student.Student.Name + " learned");
            Assert.That(student.Trained.Losses, Is.Not.Empty);
            Assert.That(File.Exists(In($"all/training/{student.Student.Name}/model/tokenizer.model")));
        }

        Assert.That(outcome.Students[0].Aligned!.Coverage, Is.InRange(0.5, 1));
        Assert.That(outcome.Before!.Domains, Is.EqualTo(new[] { "even", "odd" }));
        Assert.That(outcome.Students[^1].Trained.Losses, Has.All.Matches<LossPoint>(static p => Math.Abs(p!.Loss - p.NextToken) < 1e-9), "the control sees no teacher");

        FusionReport report = FuseReport.Of(outcome, "Three models");
        Assert.That(report.Domains, Is.EqualTo(new[] { "even", "odd", "all" }));
        Assert.That(report.Conclusions, Has.Count.EqualTo(5), "one for each student with teachers, and a warning");
        foreach ((string student, string control) in new[] { ("ours", "clm"), ("published", "clm"), ("official", "clm-official") })
        {
            double expected = BitsOf(student) - BitsOf(control);
            Assert.That(report.Students.Single(s => s.Name == student).AgainstControl[^1].Difference, Is.EqualTo(expected).Within(1e-12), student);
        }

        RequireReport(outcome);
        double BitsOf(string student) => report.Students.Single(s => s.Name == student).BitsPerByte["all"];
        var second = new RecordedProgress();
        FuseOutcome again = Run(config, second);
        Assert.That((second.Ran, second.Reused), Is.EqualTo((new List<string>(), first.Ran.Count)));
        Assert.That(again.Students[0].Scores!.Documents, Is.EqualTo(outcome.Students[0].Scores!.Documents));

        var third = new RecordedProgress();
        Run(config with { Train = config.Train with { LearningRate = 0.02 } }, third);
        Assert.That(third.Ran.Select(static t => t.Split(' ')[0]).Distinct(), Is.EquivalentTo(new[] { "train", "evaluate" }));
    }

    /// <summary>The folder opens again without the configuration that made it, and tells of itself.</summary>
    private void RequireReport(FuseOutcome outcome)
    {
        IKernelBackend backend = Backends.Backends.Open("native", static _ => { });
        var finished = FinishedRun.Open(In("all"), backend, static _ => { });
        Assert.That(finished.Students.Select(static s => s.Name), Is.EqualTo(outcome.Students.Select(static s => s.Student.Name)));
        Assert.That(finished.Outcome.Times, Is.EquivalentTo(outcome.Times));
        Assert.That(finished.Outcome.Students.Select(static s => s.Scores!.Documents[0]), Is.EqualTo(outcome.Students.Select(static s => s.Scores!.Documents[0])));
        foreach (string student in new[] { "ours", "official" })
        {
            RunReport report = RunAnalysis.Of(RunInput.Of(finished, student, backend), 5, new RecordedProgress(), CancellationToken.None);
            AlignOutcome aligned = outcome.Students.Single(s => s.Student.Name == student).Aligned!;
            Assert.That((report.Scope.Looked, report.Scope.StoredSame), Is.EqualTo((aligned.Documents, student == "ours" ? aligned.TargetTokens : 0)));
            Assert.That(report.Signal.Sources.Take(2).All(static s => s.SignalKept > 0));
            Assert.That(report.Training!.Documents!.Hurt.Count + report.Training.Documents.Helped.Count, Is.GreaterThan(0));
            Assert.That(report.Training.Against, Is.EqualTo(student == "ours" ? "clm" : "clm-official"));
            Assert.That(report.Seconds.Stages.Select(static s => s.Stage), Does.Contain($"align {student}"));
        }

        Assert.That(() => RunInput.Of(finished, "clm", backend), Throws.TypeOf<AlignmentDataException>().With.Message.Contains("has no student clm that was taught; there are ours, published, official, bytes"));
        Assert.That(() => FinishedRun.Open(In("nowhere"), backend, static _ => { }), Throws.TypeOf<AlignmentDataException>().With.Message.Contains("no such folder"));
        Assert.That(() => FinishedRun.Open(In("target"), backend, static _ => { }), Throws.TypeOf<AlignmentDataException>().With.Message.Contains("is no output of `pta fuse`"));
        Directory.CreateDirectory(In("begun/stages"));
        Assert.That(() => FinishedRun.Open(In("begun"), backend, static _ => { }), Throws.TypeOf<AlignmentDataException>().With.Message.Contains("has no run.json"));
        File.Copy(In("all/run.json"), In("begun/run.json"));
        Assert.That(() => FinishedRun.Open(In("begun"), backend, static _ => { }), Throws.TypeOf<AlignmentDataException>().With.Message.Contains("target is not captured yet; run the same `pta fuse` once more"));
    }

    [Test]
    public void BadInputIsOneSentenceBeforeAnyWork()
    {
        FuseConfig config = Config("bad");
        using (Assert.EnterMultipleScope())
        {
            Fails<AlignmentDataException>("no such folder", config with { Sources = [new() { Model = "nothing" }] });
            Fails<AlignmentDataException>("no such file", config with { Documents = "nothing.jsonl" });
            Fails<AlignmentDataException>($"{In("target")} with {In("neox")}: the tokenizer has 4096 tokens and the model's embedding 2048 rows", config with { Target = new() { Model = "target", Tokenizer = "neox" } });
            Fails<ArgumentException>("control is 'clmm'", config with { Control = "clmm" });
            Fails<ArgumentException>("sources is empty", config with { Sources = [] });
            Fails<ArgumentException>("two models are named neox", config with { Sources = [new() { Model = "neox" }, new() { Model = "neox" }] });
            Fails<ArgumentException>("preset 'fused'", config with { Preset = "fused" });
            Fails<ArgumentException>("student a names no source", config with { Students = [new() { Name = "a", Sources = [] }] });
            Fails<ArgumentException>("student a is taught by 'mtp', which is no source; there are neox, mpt", config with { Students = [new() { Name = "a", Sources = ["mtp"] }] });
            Fails<ArgumentException>("neox's temperature is 0", config with { Sources = [new() { Model = "neox", Temperature = 0 }] });
            Fails<ArgumentException>("no switch", config with { Students = [new() { Name = "a", Switches = new Dictionary<string, string> { ["mess"] = "tail" } }] });
            Fails<ArgumentException>("cannot name a folder", config with { Students = [new() { Name = "a/b" }] });
            Fails<ArgumentException>("on_error is 'skip'", config with { OnError = "skip" });
            Fails<ArgumentException>("capture.top_k is 65", config with { Capture = new() { TopK = 65 } });
            Fails<ArgumentException>("embed.dimensions is 17; it must be 1..16, as the narrowest", config with { Embed = new() { Dimensions = 17 } });
            Fails<ArgumentException>("train.length is 1", config with { Train = config.Train with { Length = 1 } });
            Fails<ArgumentException>("train.compute is 'half'", config with { Train = config.Train with { Compute = "half" } });
        }

        Assert.That(Directory.Exists(In("bad")), Is.False);
    }

    [Test]
    public void StudentsMayHaveTeachersAndRatesOfTheirOwn()
    {
        FuseConfig config = Config("own") with
        {
            Sources = [new() { Model = "neox" }, new() { Model = "mpt" }, new() { Name = "warm", Model = "neox", Temperature = 4 }],
            Students =
            [
                new() { Name = "all", Sources = ["neox", "mpt"] }, new() { Name = "one", Sources = ["neox"] }, new() { Name = "tempered", Sources = ["warm"] },
                new() { Name = "slow", Sources = ["neox"], LearningRate = 1e-5 },
            ],
            Control = "clm",
        };
        FuseOutcome outcome = Run(config, new RecordedProgress());
        Dictionary<string, double> bits = outcome.Students.ToDictionary(static s => s.Student.Name, static s => DomainScore.Of(s.Scores!.Documents).BitsPerByte);
        Assert.That(bits.Values, Is.Unique);
        Assert.That(bits["slow"], Is.GreaterThan(bits["one"]).And.GreaterThan(bits["clm"]), "the control has the run's rate");
        AlignOutcome one = Aligned("one"), tempered = Aligned("tempered");
        Assert.That(tempered.SignalKept!.Value, Is.LessThan(one.SignalKept!.Value), "flatter rows leave less mass to their candidates");
        Assert.That(Aligned("slow"), Is.EqualTo(one));

        AlignOutcome Aligned(string student) => outcome.Students.Single(s => s.Student.Name == student).Aligned!;
    }

    [Test]
    public void EmbeddingsAreMadeOnlyForStudentsThatCompareThem()
    {
        FuseConfig config = Config("embedded") with
        {
            Students =
            [
                new() { Name = "texts" }, new() { Name = "near", Sources = ["neox"], Switches = new Dictionary<string, string> { ["projection"] = "top1", ["transport"] = "semi-relaxed", ["cost"] = "embedding" } },
            ],
            Evaluation = null,
        };
        var first = new RecordedProgress();
        FuseOutcome outcome = Run(config, first);
        Assert.That(first.Ran.Where(static s => s.StartsWith("embed ", StringComparison.Ordinal)), Is.EqualTo(new[] { "embed neox" }));
        Assert.That(outcome.Students[1].Aligned!.Coverage, Is.InRange(0.5, 1));
        Assert.That(outcome.Students[1].Aligned, Is.Not.EqualTo(outcome.Students[0].Aligned));
        var second = new RecordedProgress();
        Run(config, second);
        Assert.That(second.Ran, Is.Empty);
        var third = new RecordedProgress();
        Run(config with { Embed = new() { Dimensions = 8 } }, third);
        Assert.That(third.Ran, Is.EqualTo(new[] { "embed neox", "align near", "pack near", "train near" }));
        var fourth = new RecordedProgress();
        Run(config with { Embed = new() { Dimensions = 8 }, Students = [config.Students[0]] }, fourth);
        Assert.That(fourth.Ran, Is.Empty, "what a student without embeddings is known by has nothing to do with them");
    }

    [Test]
    public void AnEmptyCorpusIsOneSentence()
    {
        File.WriteAllText(In("empty.jsonl"), "");
        Assert.That(() => Run(Config("empty") with { Documents = "empty.jsonl" }, new RecordedProgress()), Throws.TypeOf<AlignmentDataException>().With.Message.Contains("empty.jsonl"));
    }

    private void Fails<T>(string part, FuseConfig config)
        where T : Exception =>
        Assert.That(() => Run(config, new RecordedProgress()), Throws.TypeOf<T>().With.Message.Contains(part));

    private FuseOutcome Run(FuseConfig config, IFuseProgress progress) => _fusion.Run(config, progress);

    private static FuseConfig Config(string output) => TinyFusion.Config(output);

    private string In(string name) => _fusion.In(name);
}
