using PtaKernels.Training;

namespace PtaKernels.Pipeline;

/// <summary>The tasks that a model lost and won most on against another one, as <c>pta eval --against --tasks --json</c> compared them.</summary>
/// <param name="Compared">Tasks in all.</param>
/// <param name="Questions">Their questions.</param>
/// <param name="Lost">Those that lost most, the worst first.</param>
/// <param name="Won">Those that won most, the best first.</param>
internal sealed record TaskSection(int Compared, int Questions, IReadOnlyList<TaskComparison> Lost, IReadOnlyList<TaskComparison> Won)
{
    private const int Shown = 10;

    /// <summary>Reads an evaluation.</summary>
    /// <exception cref="AlignmentDataException">The file is missing, is no evaluation, or compares no task.</exception>
    public static TaskSection Read(string path)
    {
        return ReportJson.Read<Evaluation>(path, "the output of `pta eval --json`").Compared is { Count: > 0 } compared
            ? Of(compared)
            : throw new AlignmentDataException($"{path}: compares no task; run `pta eval` with --tasks, --against and --json.");
    }

    /// <summary>Of all tasks that were compared.</summary>
    public static TaskSection Of(IReadOnlyList<TaskComparison> compared)
    {
        (IReadOnlyList<TaskComparison> lost, IReadOnlyList<TaskComparison> won) = TaskComparison.Extremes(compared, Shown);
        return new TaskSection(compared.Count, compared.Sum(static t => t.Items), lost, won);
    }

    /// <summary>Two tables.</summary>
    public IEnumerable<ReportBlock> Blocks()
    {
        yield return new HeadingBlock("Tasks");
        yield return new TextBlock($"{Compared} tasks with {Questions} questions, accuracy against the other model; p: exact McNemar test of the questions won and lost, for each task alone: of many tasks one in twenty lies below 0.05 by chance.");
        foreach ((string name, string title, IReadOnlyList<TaskComparison> list) in new[] { ("lost", "Tasks that lost most", Lost), ("won", "Tasks that won most", Won) })
        {
            if (list.Count == 0)
                continue;
            yield return new TextBlock(title + ":");
            yield return new FiguresBlock(
                ["task", "questions", "other model", "model", "difference", "won", "lost", "p"],
                [.. list.Select((t, i) => (Figure[])
                [
                    Figure.Of(t.Task), Number(i, "items", t.Items, 0), Number(i, "first", t.First, 4), Number(i, "second", t.Second, 4),
                    Figure.Signed($"tasks.{name}[{i}].bootstrap.difference", t.Bootstrap.Difference, 4), Number(i, "won", t.Won, 0), Number(i, "lost", t.Lost, 0), Number(i, "mc_nemar", t.McNemar, 4),
                ])]);

            Figure Number(int at, string field, double value, int digits) => Figure.Number($"tasks.{name}[{at}].{field}", value, digits);
        }
    }

    private sealed record Evaluation(IReadOnlyList<TaskComparison>? Compared);
}
