using PtaKernels.Cli;
using PtaKernels.Pipeline;

namespace PtaKernels.Training.Tests.Report.Run;

/// <summary>Tasks on the page of a run, as an evaluation compared them.</summary>
public sealed class TaskSectionTests
{
    private DirectoryInfo _folder = null!;

    [SetUp]
    public void MakeFolder() => _folder = Directory.CreateTempSubdirectory("pta-tasks-");

    [TearDown]
    public void RemoveFolder() => _folder.Delete(recursive: true);

    [Test]
    public void TheWorstStandFirstInBothDirections()
    {
        // Right answers of the other model and of ours, eight questions a task.
        (string Task, int Other, int Own)[] tasks = [("same", 4, 4), ("lost-2", 5, 3), ("won-5", 2, 7), ("lost-6", 7, 1), ("won-1", 3, 4)];
        string path = Write(Answers(tasks.Select(static t => (t.Task, t.Other))), Answers(tasks.Select(static t => (t.Task, t.Own))));
        TaskSection section = TaskSection.Read(path);
        Assert.That((section.Compared, section.Questions), Is.EqualTo((5, 40)));
        Assert.That(section.Lost.Select(static t => t.Task), Is.EqualTo(new[] { "lost-6", "lost-2" }));
        Assert.That(section.Won.Select(static t => t.Task), Is.EqualTo(new[] { "won-5", "won-1" }));
        Assert.That((section.Lost[0].First, section.Lost[0].Second, section.Lost[0].Bootstrap.Difference), Is.EqualTo((0.875, 0.125, -0.75)));
        FiguresBlock table = section.Blocks().OfType<FiguresBlock>().First();
        Assert.That(table.Rows[0].Select(static f => f.Path), Does.Contain("tasks.lost[0].bootstrap.difference").And.Contain("tasks.lost[0].mc_nemar"));
    }

    [TestCase("nowhere.json", null, "expected the output of `pta eval --json`")]
    [TestCase("torn.json", "{\"compared\": [", "expected the output of `pta eval --json`")]
    [TestCase("plain.json", "{\"tasks\": []}", "compares no task; run `pta eval` with --tasks, --against and --json")]
    public void WhatIsNoEvaluationIsSaid(string name, string? text, string part)
    {
        string path = Path.Combine(_folder.FullName, name);
        if (text is not null)
            File.WriteAllText(path, text);
        Assert.That(() => TaskSection.Read(path), Throws.TypeOf<AlignmentDataException>().With.Message.StartsWith(path).And.Message.Contains(part));
    }

    private static ItemScore[] Answers(IEnumerable<(string Task, int Right)> tasks) =>
        [.. tasks.SelectMany(static t => Enumerable.Range(0, 8).Select(q => new ItemScore(t.Task, $"{q}", q < t.Right, null, -1, 4)))];

    private string Write(ItemScore[] other, ItemScore[] own)
    {
        string path = Path.Combine(_folder.FullName, "eval.json");
        using var output = new StringWriter();
        Terminal.Over(output, TextWriter.Null).WriteJson(new EvalReport(new ModelAnswers([], own), new ModelAnswers([], other), worst: 5));
        File.WriteAllText(path, output.ToString());
        return path;
    }
}
