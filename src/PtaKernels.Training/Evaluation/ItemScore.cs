using System.Text;

namespace PtaKernels.Training;

/// <summary>How a model answered a question.</summary>
/// <param name="Task">Its task.</param>
/// <param name="Id">Its name within the task.</param>
/// <param name="Correct">The right choice has the largest log-likelihood, of equal ones the first; cloze: every token is the most probable one.</param>
/// <param name="CorrectPerByte">The same with log-likelihoods per UTF-8 byte of the choice, space before it left out; null for cloze.</param>
/// <param name="LogLikelihood">Of the right text, in nats.</param>
/// <param name="Bytes">UTF-8 bytes of the right text.</param>
public sealed record ItemScore(string Task, string Id, bool Correct, bool? CorrectPerByte, double LogLikelihood, int Bytes)
{
    internal static ItemScore Of(TaskItem item, ReadOnlySpan<ContinuationScore> scores)
    {
        int right = item.Answer ?? 0, bytes = BytesOf(item.Target);
        double gold = scores[right].LogLikelihood;
        if (item.IsCloze)
            return new ItemScore(item.Task, item.Id, scores[0].IsGreedy, null, gold, bytes);
        int best = 0, bestPerByte = 0;
        for (int c = 1; c < scores.Length; c++)
        {
            if (scores[c].LogLikelihood > scores[best].LogLikelihood)
                best = c;
            if (PerByte(scores, c) > PerByte(scores, bestPerByte))
                bestPerByte = c;
        }

        return new ItemScore(item.Task, item.Id, best == right, bestPerByte == right, gold, bytes);

        double PerByte(ReadOnlySpan<ContinuationScore> all, int choice) => all[choice].LogLikelihood / BytesOf(item.Choices[choice]);
    }

    private static int BytesOf(string choice) => Math.Max(1, Encoding.UTF8.GetByteCount(choice.AsSpan().TrimStart()));
}

/// <summary>A task's figures, or the mean over tasks.</summary>
/// <param name="Task">The task.</param>
/// <param name="Items">Questions.</param>
/// <param name="Accuracy">Share answered correctly.</param>
/// <param name="StandardError">Of that share: the sample's standard deviation over the square root of the number; of a mean over tasks, theirs combined. NaN for one question.</param>
/// <param name="AccuracyPerByte">Share correct by log-likelihood per byte; null where a question has no choices.</param>
/// <param name="AnswerBitsPerByte">Bits per byte that the right texts cost: moves before accuracy does.</param>
public sealed record TaskScore(string Task, int Items, double Accuracy, double StandardError, double? AccuracyPerByte, double AnswerBitsPerByte)
{
    /// <summary>Name of the mean over tasks.</summary>
    public const string Mean = "mean of tasks";

    /// <summary>One task's questions.</summary>
    public static TaskScore Of(IReadOnlyCollection<ItemScore> items)
    {
        ArgumentNullException.ThrowIfNull(items);
        double accuracy = items.Average(static i => i.Correct ? 1.0 : 0.0);
        return new TaskScore(
            items.First().Task, items.Count, accuracy, Math.Sqrt(accuracy * (1 - accuracy) / (items.Count - 1)),
            items.Any(static i => i.CorrectPerByte is null) ? null : items.Average(static i => i.CorrectPerByte == true ? 1.0 : 0.0),
            -items.Sum(static i => i.LogLikelihood) / Math.Log(2) / items.Sum(static i => (long)i.Bytes));
    }

    /// <summary>Every task, in order of their names.</summary>
    public static IReadOnlyList<TaskScore> ByTask(IEnumerable<ItemScore> items) => [.. items.GroupBy(static i => i.Task).OrderBy(static g => g.Key, StringComparer.Ordinal).Select(static g => Of([.. g]))];

    /// <summary>The mean over tasks, each with the same weight.</summary>
    public static TaskScore MeanOf(IReadOnlyCollection<TaskScore> tasks)
    {
        ArgumentNullException.ThrowIfNull(tasks);
        return new TaskScore(
            Mean, tasks.Sum(static t => t.Items), tasks.Average(static t => t.Accuracy), Math.Sqrt(tasks.Sum(static t => t.StandardError * t.StandardError)) / tasks.Count,
            tasks.Any(static t => t.AccuracyPerByte is null) ? null : tasks.Average(static t => t.AccuracyPerByte), tasks.Average(static t => t.AnswerBitsPerByte));
    }
}
