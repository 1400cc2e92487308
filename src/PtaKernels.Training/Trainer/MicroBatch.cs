using static TorchSharp.torch;

namespace PtaKernels.Training;

/// <summary>Forward and backward of one batch: gradients are added to the weights', losses come back as sums.</summary>
/// <param name="model">The student.</param>
/// <param name="weights">What is trained.</param>
/// <param name="options">Divergence and activation checkpointing.</param>
internal sealed class MicroBatch(CausalModel model, TrainableWeights weights, TrainingOptions options)
{
    /// <summary>Runs a batch.</summary>
    /// <param name="batch">Inputs and targets.</param>
    /// <param name="nextTokenScale">Weight of one labelled row in the step's loss.</param>
    /// <param name="fusionScale">Weight of one taught row.</param>
    public LossSums Run(TrainingBatch batch, double nextTokenScale, double fusionScale)
    {
        using var scope = NewDisposeScope();
        LossSums sums = options.Checkpointing ? RunLayerByLayer(batch, nextTokenScale, fusionScale) : RunWhole(batch, nextTokenScale, fusionScale);
        weights.Collect();
        return sums;
    }

    private LossSums RunWhole(TrainingBatch batch, double nextTokenScale, double fusionScale)
    {
        Tensor hidden = model.Hidden(batch.Ids, batch.Attention);
        (LossSums sums, Tensor gradient) = Loss(hidden, batch.Rows, nextTokenScale, fusionScale);
        hidden.backward([gradient]);
        return sums;
    }

    // Only the layers' inputs are kept; each layer is computed once more, with its graph, when its gradient has come.
    private LossSums RunLayerByLayer(TrainingBatch batch, double nextTokenScale, double fusionScale)
    {
        int layers = model.Config.Layers;
        var inputs = new Tensor[layers + 1];
        using (no_grad())
        {
            inputs[0] = model.Embed(batch.Ids);
            for (int layer = 0; layer < layers; layer++)
            {
                using var inside = NewDisposeScope();
                inputs[layer + 1] = model.Layer(layer, inputs[layer], batch.Attention).MoveToOuterDisposeScope();
            }
        }

        Tensor last = inputs[layers].detach();
        last.requires_grad = true;
        Tensor hidden = model.FinalNorm(last);
        (LossSums sums, Tensor gradient) = Loss(hidden, batch.Rows, nextTokenScale, fusionScale);
        hidden.backward([gradient]);
        gradient = last.grad!;
        for (int layer = layers - 1; layer >= 0; layer--)
        {
            using var inside = NewDisposeScope();
            Tensor input = inputs[layer].detach();
            input.requires_grad = true;
            model.Layer(layer, input, batch.Attention).backward([gradient]);
            gradient = input.grad!.MoveToOuterDisposeScope();
            inputs[layer].Dispose();
        }

        Tensor embedded = model.Embed(batch.Ids);
        if (embedded.requires_grad)
            embedded.backward([gradient]);
        return sums;
    }

    private (LossSums Sums, Tensor Gradient) Loss(Tensor hidden, FusionRows rows, double nextTokenScale, double fusionScale)
    {
        using var frozen = no_grad();
        Tensor flat = hidden.detach().reshape(rows.Count, model.Config.Width), gradient = empty_like(flat);
        LossSums sums = FusedHead.Run(flat, model.Weights[model.HeadName].detach(), rows, nextTokenScale, fusionScale, options.Divergence, model.Config.Vocabulary, gradient, weights.SumOf(model.HeadName));
        return (sums, gradient.reshape(hidden.shape));
    }
}
