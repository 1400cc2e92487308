namespace PtaKernels.Training;

/// <summary>Linear warm-up, then a cosine to 0.</summary>
internal static class LearningRate
{
    /// <summary>The rate of a step, 0 up to <paramref name="steps"/> excluded; the first step of a warm-up is not 0.</summary>
    public static double At(int step, int steps, double highest, double warmUp)
    {
        int rising = (int)Math.Ceiling(warmUp * steps);
        if (step < rising)
            return highest * (step + 1) / rising;
        double share = (double)(step - rising) / Math.Max(1, steps - rising);
        return highest * 0.5 * (1 + Math.Cos(Math.PI * share));
    }
}
