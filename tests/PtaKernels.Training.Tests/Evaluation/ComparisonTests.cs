namespace PtaKernels.Training.Tests.Evaluation;

/// <summary>Comparisons of two models against figures worked out by hand or by enumeration.</summary>
public sealed class ComparisonTests
{
    [TestCase(0, 0, 1.0)]
    [TestCase(3, 3, 1.0)]
    [TestCase(5, 0, 0.0625)]
    [TestCase(1, 9, 22 / 1024.0)]
    [TestCase(9, 1, 22 / 1024.0)]
    [TestCase(2, 8, 112 / 1024.0)]
    [TestCase(0, 1, 1.0)]
    [TestCase(6, 16, 0.052478790283203125)]
    public void McNemarIsExact(int won, int lost, double p) => Assert.That(TaskComparison.ExactP(won, lost), Is.EqualTo(p).Within(1e-12));

    [Test]
    public void McNemarOfManyIsNear()
    {
        // Normal approximation with continuity correction: z = (|b - c| - 1) / sqrt(b + c) = 3.151, two-sided 0.00163.
        Assert.That(TaskComparison.ExactP(4851, 5167), Is.EqualTo(0.00163).Within(2e-5));
        Assert.That(TaskComparison.ExactP(0, 100_000), Is.Zero);
        Assert.That(TaskComparison.ExactP(50_000, 50_000), Is.EqualTo(1));
    }

    [TestCase(3, 1)]
    [TestCase(4, 2)]
    [TestCase(5, 3)]
    public void BootstrapIsTheEnumerationOfAllResamples(int n, int seed)
    {
        var random = new Random(seed);
        DocumentScore[] first = [.. Enumerable.Range(0, n).Select(i => new DocumentScore($"{i}", "", 10 + random.NextDouble(), 4, random.Next(3, 9)))];
        DocumentScore[] second = [.. first.Select(d => d with { Nats = d.Nats + (2 * random.NextDouble()) - 0.7 })];
        List<double> all = [];
        for (int code = 0; code < Math.Pow(n, n); code++)
        {
            int[] drawn = [.. Enumerable.Range(0, n).Select(i => code / (int)Math.Pow(n, i) % n)];
            double bytes = drawn.Sum(i => first[i].Bytes);
            all.Add((drawn.Sum(i => second[i].Nats) - drawn.Sum(i => first[i].Nats)) / bytes / Math.Log(2));
        }

        double mean = all.Average(), p = Math.Min(1, 2.0 * Math.Min(all.Count(static d => d <= 0), all.Count(static d => d >= 0)) / all.Count);
        Assert.That(p, Is.InRange(0.01, 1), "the case says something");
        BootstrapResult result = BootstrapResult.Of(first, second, 20_000);
        Assert.That(result.PValue, Is.EqualTo(p).Within(0.015));
        Assert.That(result.StandardError, Is.EqualTo(Math.Sqrt(all.Average(d => (d - mean) * (d - mean)))).Within(0.02 * result.StandardError));
        all.Sort();
        Assert.That(result.Low, Is.EqualTo(all[(int)(0.025 * all.Count)]).Within(0.01));
        Assert.That(BootstrapResult.Of(second, first, 20_000).PValue, Is.EqualTo(result.PValue), "two-sided");
    }

    [Test]
    public void PValueIsNeverZeroAndOneWithoutADifference()
    {
        DocumentScore[] first = [.. Enumerable.Range(0, 50).Select(static i => new DocumentScore($"{i}", "", 10, 4, 5))];
        Assert.That(BootstrapResult.Of(first, first, 999).PValue, Is.EqualTo(1));
        Assert.That(BootstrapResult.Of(first, [.. first.Select(static d => d with { Nats = 9 })], 999).PValue, Is.EqualTo(2 / 1000.0));
    }

    [Test]
    public void TasksAreComparedQuestionByQuestion()
    {
        ItemScore[] first = [.. Items("a", "1111100000"), .. Items("b", "10"), .. Items("c", "0000")], second = [.. Items("a", "1100011111"), .. Items("b", "10"), .. Items("c", "1110")];
        IReadOnlyList<TaskComparison> tasks = TaskComparison.ByTask(first, second);
        Assert.That(tasks.Select(static t => (t.Task, t.Items, t.First, t.Second, t.Won, t.Lost)), Is.EqualTo(new[] { ("a", 10, 0.5, 0.7, 5, 3), ("b", 2, 0.5, 0.5, 0, 0), ("c", 4, 0, 0.75, 3, 0) }));
        Assert.That(tasks.Select(static t => t.McNemar), Is.EqualTo(new[] { 186 / 256.0, 1, 0.25 }).Within(1e-12));
        (IReadOnlyList<TaskComparison> lost, IReadOnlyList<TaskComparison> won) = TaskComparison.Extremes([.. tasks], 5);
        Assert.That((string.Join(' ', lost.Select(static t => t.Task)), string.Join(' ', won.Select(static t => t.Task))), Is.EqualTo(("", "c a")));
        (lost, won) = TaskComparison.Extremes([.. TaskComparison.ByTask(second, first)], 1);
        Assert.That((string.Join(' ', lost.Select(static t => t.Task)), won.Count), Is.EqualTo(("c", 0)));
        Assert.That(BootstrapResult.Of(first, second).Difference, Is.EqualTo((0.2 + 0 + 0.75) / 3).Within(1e-12), "each task has the same weight");
        Assert.That(() => TaskComparison.ByTask(first, second[1..]), Throws.ArgumentException);
        Assert.That(() => BootstrapResult.Of(first, second[1..]), Throws.ArgumentException);
    }

    [Test]
    public void AccuraciesHaveStandardErrors()
    {
        TaskScore score = TaskScore.Of(Items("a", "1110"));
        Assert.That(score.Accuracy, Is.EqualTo(0.75));
        Assert.That(score.StandardError, Is.EqualTo(0.25).Within(1e-12), "sample standard deviation 0.5, of four");
        Assert.That(score.AnswerBitsPerByte, Is.EqualTo(2).Within(1e-12));
        TaskScore mean = TaskScore.MeanOf([score, TaskScore.Of(Items("b", "10"))]);
        Assert.That((mean.Accuracy, mean.Items), Is.EqualTo((0.625, 6)));
        Assert.That(mean.StandardError, Is.EqualTo(Math.Sqrt((0.25 * 0.25) + (0.5 * 0.5)) / 2).Within(1e-12));
        Assert.That(TaskScore.ByTask([.. Items("b", "1"), .. Items("a", "0")]).Select(static t => t.Task), Is.EqualTo(new[] { "a", "b" }));
    }

    [Test]
    public void WorstDocumentsOfBothDirections()
    {
        DocumentScore[] first = [.. Enumerable.Range(0, 5).Select(static i => new DocumentScore($"{i}", "d", 10 * Math.Log(2), 4, i == 4 ? 0 : 5))];
        DocumentScore[] second = [.. first.Select(static (d, i) => d with { Nats = d.Nats + ((new[] { 5, 0, -5, -10, 99 })[i] * Math.Log(2)) })];
        (IReadOnlyList<DocumentDifference> lost, IReadOnlyList<DocumentDifference> won) = DocumentDifference.Extremes(first, second, 1);
        Assert.That(lost.Select(static d => (d.Id, Math.Round(d.Difference, 9))), Is.EqualTo(new[] { ("0", 1.0) }));
        Assert.That(won.Select(static d => (d.Id, Math.Round(d.Difference, 9))), Is.EqualTo(new[] { ("3", -2.0) }));
    }

    private static ItemScore[] Items(string task, string correct) => [.. correct.Select((c, i) => new ItemScore(task, $"{i}", c == '1', c == '1', -2 * Math.Log(2), 1))];
}
