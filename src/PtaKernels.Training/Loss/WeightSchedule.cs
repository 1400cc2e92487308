namespace PtaKernels.Training;

/// <summary>How the weights of the two losses are found (SPEC B 6).</summary>
public enum WeightSchedule
{
    /// <summary>w and 1 - w throughout.</summary>
    Hard,

    /// <summary>The next token's weight grows from w to 1 over the run.</summary>
    HardAndDecay,

    /// <summary>1 - r and r, r the reward of the batch's one sequence.</summary>
    Soft,
}

/// <summary>Weights of the two losses' means (SPEC A3.6): L = NextToken · L_CLM + Fusion · L_F.</summary>
/// <param name="NextToken">Weight of the mean over labels.</param>
/// <param name="Fusion">Weight of the mean over taught rows.</param>
public readonly record struct LossWeights(double NextToken, double Fusion)
{
    /// <summary>The weights at a step.</summary>
    /// <param name="schedule">Which rule.</param>
    /// <param name="weight">w, in [0, 1].</param>
    /// <param name="step">Optimiser steps done.</param>
    /// <param name="steps">Optimiser steps of the whole run.</param>
    /// <param name="reward">r, in [0, 1]; only <see cref="WeightSchedule.Soft"/> looks at it.</param>
    public static LossWeights At(WeightSchedule schedule, double weight, long step, long steps, double reward = 0)
    {
        if (schedule == WeightSchedule.Soft)
            return new LossWeights(1 - reward, reward);
        double nextToken = schedule == WeightSchedule.HardAndDecay ? weight + ((1 - weight) * step / Math.Max(1, steps)) : weight;
        return new LossWeights(nextToken, 1 - nextToken);
    }

    /// <summary>Factors of a row's losses, such that their sum over all rows of an optimiser step is the loss; a step without taught rows has the next token's alone.</summary>
    /// <param name="labelled">Rows with a next token, over all micro-batches of the step.</param>
    /// <param name="taught">Rows with a distribution, over all micro-batches of the step.</param>
    public (double NextTokenScale, double FusionScale) ScalesOf(long labelled, long taught)
    {
        double nextToken = taught == 0 ? 1 : NextToken;
        return (labelled == 0 ? 0 : nextToken / labelled, taught == 0 ? 0 : Fusion / taught);
    }
}
