using EmbedStore.Tensors;

namespace EmbedStore.Testing;

/// <summary>NumPy: each item takes its dimensions in one go, and integers beside index arrays are index arrays too.</summary>
internal static class NumPySubscript
{
    public static ReferenceArray Select(ReferenceArray view, List<ReferenceItem> items, int ellipsisWidth)
    {
        bool integersJoin = items.Exists(static item => item.Indices is not null || item.Mask is not null);
        var indices = new List<ReferenceArray?>();
        foreach (ReferenceItem item in items)
        {
            view = Apply(view, item, indices, ellipsisWidth, integersJoin);
        }

        indices.AddRange(new ReferenceArray?[view.Shape.Length - indices.Count]);
        ReferenceArray[] given = [.. indices.OfType<ReferenceArray>()];
        if (given.Length == 0)
        {
            return view;
        }

        int[] block = ReferenceArray.Broadcast(given.Select(static index => index.Shape)) ?? throw new ReferenceException(ErrorCode.ShapeMismatch, "index arrays do not broadcast");
        int blockAt = AreTogether(items) ? indices.FindIndex(static index => index is not null) : 0;
        return ReferenceSubscript.Pick(view, [.. indices], block, blockAt);
    }

    private static ReferenceArray Apply(ReferenceArray view, ReferenceItem item, List<ReferenceArray?> indices, int ellipsisWidth, bool integersJoin)
    {
        int axis = indices.Count;
        switch (item)
        {
            case { Integer: { } integer }:
                int counted = ReferenceSubscript.Counted(integer, view.Shape[axis]);
                if (!integersJoin)
                {
                    return view.Select(axis, counted);
                }

                indices.Add(new ReferenceArray([], [counted]));
                return view;
            case { Item: SliceItem slice }:
                indices.Add(null);
                return view.Keep(axis, ReferenceSubscript.Places(slice, view.Shape[axis]));
            case { Item: EllipsisItem }:
                indices.AddRange(new ReferenceArray?[ellipsisWidth]);
                return view;
            case { Item: NewAxisItem }:
                indices.Add(null);
                return view.Insert(axis);
            case { Mask.Shape.Length: 0 }:
                indices.Add(item.Once());
                return view.Insert(axis);
            case { Mask: { } mask }:
                RequireFits(view, mask, axis);
                indices.AddRange(item.Coordinates());
                return view;
            default:
                indices.Add(item.Indices);
                return view;
        }
    }

    private static void RequireFits(ReferenceArray view, ReferenceArray mask, int axis)
    {
        if (!view.Shape.Skip(axis).Take(mask.Shape.Length).SequenceEqual(mask.Shape))
        {
            throw new ReferenceException(ErrorCode.MaskMismatch, "a mask does not fit");
        }
    }

    /// <summary>True when nothing stands between the first and the last item that is an index array: no slice, no None, no ellipsis of any width.</summary>
    private static bool AreTogether(List<ReferenceItem> items)
    {
        int first = items.FindIndex(static item => item.Item is not (SliceItem or NewAxisItem or EllipsisItem));
        int last = items.FindLastIndex(static item => item.Item is not (SliceItem or NewAxisItem or EllipsisItem));
        return !items[first..(last + 1)].Exists(static item => item.Item is SliceItem or NewAxisItem or EllipsisItem);
    }
}
