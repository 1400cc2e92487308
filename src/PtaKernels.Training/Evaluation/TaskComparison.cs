namespace PtaKernels.Training;

/// <summary>Two models on the questions of one task.</summary>
/// <param name="Task">The task.</param>
/// <param name="Items">Questions.</param>
/// <param name="First">Accuracy of the first model.</param>
/// <param name="Second">Accuracy of the second.</param>
/// <param name="Won">Questions that only the second answered correctly.</param>
/// <param name="Lost">Questions that only the first did.</param>
/// <param name="Bootstrap">The difference of accuracies, second minus first, and what resampled questions say about it.</param>
/// <param name="McNemar">Exact two-sided p-value of the won and lost questions, if each was a fair coin: <see cref="ExactP"/>.</param>
public sealed record TaskComparison(string Task, int Items, double First, double Second, int Won, int Lost, BootstrapResult Bootstrap, double McNemar)
{
    /// <summary>Compares task by task, in order of their names.</summary>
    /// <param name="first">Answers of one model.</param>
    /// <param name="second">The other's, question by question.</param>
    /// <exception cref="ArgumentException">The questions are not the same.</exception>
    public static IReadOnlyList<TaskComparison> ByTask(IReadOnlyList<ItemScore> first, IReadOnlyList<ItemScore> second)
    {
        ArgumentNullException.ThrowIfNull(first);
        ArgumentNullException.ThrowIfNull(second);
        if (!first.Select(static i => (i.Task, i.Id)).SequenceEqual(second.Select(static i => (i.Task, i.Id))))
            throw new ArgumentException("The two models were not scored on the same questions in the same order.");
        return [.. first.Zip(second).GroupBy(static p => p.First.Task).OrderBy(static g => g.Key, StringComparer.Ordinal).Select(static g => Of([.. g.Select(static p => p.First)], [.. g.Select(static p => p.Second)]))];
    }

    /// <summary>The tasks that lost most and those that won most, at most so many of each; of equal ones the surer first, then by name.</summary>
    public static (IReadOnlyList<TaskComparison> Lost, IReadOnlyList<TaskComparison> Won) Extremes(IReadOnlyCollection<TaskComparison> tasks, int count)
    {
        IEnumerable<TaskComparison> ordered = tasks.OrderByDescending(static t => Math.Abs(t.Bootstrap.Difference)).ThenBy(static t => t.McNemar).ThenBy(static t => t.Task, StringComparer.Ordinal);
        return ([.. ordered.Where(static t => t.Bootstrap.Difference < 0).Take(count)], [.. ordered.Where(static t => t.Bootstrap.Difference > 0).Take(count)]);
    }

    /// <summary>Exact McNemar test: how often a fair coin, thrown won + lost times, divides at least as unevenly; min(1, 2 P(X &lt;= min(won, lost))).</summary>
    /// <param name="won">Pairs that differ one way.</param>
    /// <param name="lost">Pairs that differ the other way.</param>
    public static double ExactP(int won, int lost)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(won);
        ArgumentOutOfRangeException.ThrowIfNegative(lost);
        int n = won + lost, fewer = Math.Min(won, lost);
        // ln C(n, fewer), then the terms below it, each smaller: relative to the largest there is no underflow.
        double largest = -n * Math.Log(2), term = 1, sum = 1;
        for (int k = 0; k < fewer; k++)
            largest += Math.Log((n - k) / (k + 1.0));
        for (int k = fewer; k > 0 && term > 0; k--)
            sum += term *= k / (n - k + 1.0);
        return Math.Min(1, 2 * Math.Exp(largest + Math.Log(sum)));
    }

    private static TaskComparison Of(ItemScore[] first, ItemScore[] second)
    {
        int won = first.Zip(second).Count(static p => !p.First.Correct && p.Second.Correct), lost = first.Zip(second).Count(static p => p.First.Correct && !p.Second.Correct);
        return new TaskComparison(
            first[0].Task, first.Length, first.Average(static i => i.Correct ? 1.0 : 0.0), second.Average(static i => i.Correct ? 1.0 : 0.0), won, lost, BootstrapResult.Of(first, second), ExactP(won, lost));
    }
}
