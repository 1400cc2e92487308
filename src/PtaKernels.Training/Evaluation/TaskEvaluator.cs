using System.Text;
using PtaKernels.Text;
using static TorchSharp.torch;

namespace PtaKernels.Training;

/// <summary>Scores questions by the log-likelihood that a model gives to what may follow, in the conventions of lm-evaluation-harness.</summary>
/// <remarks>
/// Space at the end of a context belongs to what follows. The whole is encoded, and the context alone; the continuation's tokens are those of the whole behind as many as the context has, at least the last one.
/// The begin of sequence stands before where asked for; before an empty context always, else the end of sequence. Contexts that are too long lose their first tokens.
/// </remarks>
/// <param name="model">The model.</param>
/// <param name="encoder">Its tokenizer.</param>
/// <param name="device">Where the model is.</param>
public sealed class TaskEvaluator(CausalModel model, TextEncoder encoder, Device device)
{
    /// <summary>Positions that the model sees at most.</summary>
    public int Length { get; init; } = 2048;

    /// <summary>Positions of a batch, padding included.</summary>
    public int BatchTokens { get; init; } = 4096;

    /// <summary>Whether the begin of sequence stands before every context, where the tokenizer has one.</summary>
    public bool Begin { get; init; } = true;

    /// <summary>Scores all questions, in their order.</summary>
    /// <param name="items">The questions.</param>
    /// <param name="progress">Told the tokens done and their share.</param>
    /// <param name="cancellation">Stops.</param>
    /// <exception cref="AlignmentDataException">A choice is longer than the model sees, or a context is empty and nothing can stand there.</exception>
    public ItemScore[] Score(IReadOnlyList<TaskItem> items, Action<long, double>? progress, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(items);
        ArgumentOutOfRangeException.ThrowIfLessThan(Length, Evaluator.LeastLength);
        Continuation[] continuations = [.. items.SelectMany(item => item.Choices.Select(choice => Encode(item, choice)))];
        ContinuationScore[] scores = new ContinuationScorer(model, device) { BatchTokens = BatchTokens }.Score(continuations, progress, cancellation);
        var results = new ItemScore[items.Count];
        int at = 0;
        foreach ((int i, TaskItem item) in items.Index())
        {
            results[i] = ItemScore.Of(item, scores.AsSpan(at, item.Choices.Count));
            at += item.Choices.Count;
        }

        return results;
    }

    /// <summary>The tokens of a context with one continuation.</summary>
    internal Continuation Encode(TaskItem item, string choice)
    {
        string context = item.Context.TrimEnd();
        string continuation = string.Concat(item.Context.AsSpan(context.Length), choice);
        int[] whole = encoder.Encode(Encoding.UTF8.GetBytes(context + continuation)).Ids;
        int before = Math.Min(encoder.Encode(Encoding.UTF8.GetBytes(context)).Length, whole.Length - 1);
        int[] start = Begin && encoder.Bos is { } bos ? [bos] : before > 0 ? [] : (encoder.Bos ?? encoder.Eos) is { } stands ? [stands]
            : throw new AlignmentDataException($"task {item.Task}, {item.Id}: its context is empty, and the tokenizer has no begin or end of sequence to stand there; give it a context.");
        int[] tokens = [.. start, .. whole];
        int from = start.Length + before, scored = tokens.Length - from;
        if (whole.Length == 0 || scored > Length)
            throw new AlignmentDataException($"task {item.Task}, {item.Id}: a choice has {scored} tokens, and 1..{Length} fit; shorten it or raise the length.");
        // The model does not see the last token.
        int cut = Math.Max(0, tokens.Length - 1 - Length);
        return new Continuation(tokens[cut..], from - cut);
    }
}
