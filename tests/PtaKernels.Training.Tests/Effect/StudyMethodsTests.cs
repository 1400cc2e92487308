using PtaKernels.Effect;

namespace PtaKernels.Training.Tests.Effect;

/// <summary>The rows of the effect study, and its models without training.</summary>
public sealed class StudyMethodsTests
{
    [Test]
    public void EveryRowIsAStudentThatCanBeTrained()
    {
        Assert.That(StudyMethods.All.Select(static m => m.Name), Is.Unique);
        using (Assert.EnterMultipleScope())
        {
            foreach (StudyMethod method in StudyMethods.All)
            {
                AlignmentOptions options = AlignmentPreset.Named(method.Preset);
                foreach ((string name, string value) in method.Switches)
                    AlignmentSwitches.Named(name).Set(ref options, value);
                Assert.That(() => AlignmentSwitches.Validate(options), Throws.Nothing, method.Name);
                Assert.That(EffectMethod.Groups, Does.Contain(method.Group), method.Name);
                Assert.That(options.Output == OutputUnit.Official, Is.EqualTo(method.Official), method.Name + " has the control of its packing");
                Assert.That(method.Sources, Does.Not.Contain(method.Name), "models and students share a folder's names");
            }
        }
    }

    [Test]
    public void EverySwitchValueInQuestionHasARow()
    {
        string[] asked =
        [
            "transport balanced", "transport unbalanced", "projection byte", "columns target-topk", "transfer string", "transfer groups", "transfer boundary", "mass renormalised", "fallback label", "fallback target",
            "window 3", "window 5", "temperature 0.7", "temperature 1.5", "loss-weight 0.2", "loss-weight 0.95", "fusion-function avg-ce", "fusion-level token", "fill on", "label-mass chain", "fusion-level row", "fusion-level prefix", "byte-tail 1", "projection topk", "projection barycentric", "solver greenkhorn", "cost embedding", "cost hybrid",
        ];
        HashSet<string> tried = [.. StudyMethods.All.SelectMany(static m => m.Switches.Select(static s => $"{s.Key} {s.Value}"))];
        Assert.That(asked.Except(tried), Is.Empty);
        Assert.That(StudyMethods.All.Select(static m => m.Sources.Length).Distinct(), Is.SupersetOf(new[] { 1, 2, 3 }));
    }

    [Test]
    public void SingleRowsComeWithWhatTheyAreComparedWith()
    {
        var rows = StudyRows.Named("topk, k20");
        Assert.That(rows.Methods.Select(static m => m.Name), Is.EquivalentTo(new[] { "fusion", "top1", "topk", "k20" }));
        Assert.That(rows.Teachers, Is.EquivalentTo(new[] { "neox", "mpt" }));
        Assert.That(StudyRows.Named("self").Teachers, Is.EquivalentTo(new[] { "neox", "mpt" }), "fusion's; a target that teaches itself is no teacher");
        Assert.That(StudyRows.Named("first-cool").Teachers, Is.EquivalentTo(new[] { "neox", "mpt" }), "the models behind a temperature");
        Assert.That(StudyRows.Named("three").Teachers, Is.EquivalentTo(new[] { "neox", "mpt", "third" }));
        Assert.That(StudyRows.UpTo(0).Teachers, Is.EqualTo(StudyModels.TeacherNames));
        Assert.That(() => StudyRows.Named("topk,other"), Throws.ArgumentException.With.Message.StartsWith("--methods: there is no row 'other'; there are fusion, paper"));
        HashSet<string> names = [.. StudyMethods.All.Select(static m => m.Name)];
        Assert.That(StudyMethods.All.Select(static m => m.ChangeOf).OfType<string>().Distinct(), Is.SubsetOf(names));
    }

    [Test]
    public void SingleRowsTakeTheCommittedLearningRates() => Assert.That(LearningRates.Committed(), Is.EqualTo(new LearningRates(0.0045, 0.003)));

    [Test]
    public void AnEnsembleAveragesBetweenCommonBoundaries()
    {
        // "ab|c" and "a|b|c": the boundaries 2, 3 and the end are common. Probabilities 1/2, 1/4 against (1/2 1/3), 1/8; both end surely.
        SortedDictionary<int, double> first = new() { [2] = Math.Log(2), [3] = Math.Log(8), [int.MaxValue] = Math.Log(8) };
        SortedDictionary<int, double> second = new() { [1] = Math.Log(2), [2] = Math.Log(6), [3] = Math.Log(48), [int.MaxValue] = Math.Log(48) };
        (double nats, int pieces) = Ensemble.Nats([first, second]);
        Assert.That(pieces, Is.EqualTo(3));
        Assert.That(nats, Is.EqualTo(-Math.Log((1 / 2.0 + 1 / 6.0) / 2) - Math.Log((1 / 4.0 + 1 / 8.0) / 2)).Within(1e-12));
        Assert.That(Ensemble.Nats([second]).Nats, Is.EqualTo(Math.Log(48)).Within(1e-12), "one model is itself");
    }
}
